import Agent
import Foundation
import NetworkExtension

/// An application's flow as the agent sees it. The system calls back on its own threads; everything here runs on the queue.
final class ApplicationFlow: InterceptedFlow {
    private let flow: NEAppProxyTCPFlow
    private let queue: DispatchQueue

    init(_ flow: NEAppProxyTCPFlow, queue: DispatchQueue) {
        self.flow = flow
        self.queue = queue
    }

    func open(_ done: @escaping (Bool) -> Void) {
        flow.open(withLocalFlowEndpoint: nil) { [queue] error in
            queue.async { done(error == nil) }
        }
    }

    func refuse(_ error: ApplicationError) {
        ApplicationFlow.refuse(flow, error)
    }

    static func refuse(_ flow: NEAppProxyFlow, _ error: ApplicationError) {
        switch error {
        case .refused: close(flow, .refused)
        case .timedOut: close(flow, .timedOut)
        case .unreachable: close(flow, .hostUnreachable)
        case .aborted: close(flow, .aborted)
        }
    }

    func read(_ done: @escaping (ReadOutcome) -> Void) {
        flow.readData { [queue] data, error in
            queue.async {
                if error != nil {
                    done(.broken)
                } else if let data, !data.isEmpty {
                    done(.data(data))
                } else {
                    done(.end)
                }
            }
        }
    }

    func write(_ data: Data, _ done: @escaping (Bool) -> Void) {
        flow.write(data) { [queue] error in
            queue.async { done(error == nil) }
        }
    }

    func endOutput() {
        flow.closeWriteWithError(nil)
    }

    func close(_ done: @escaping () -> Void) {
        flow.closeReadWithError(nil)
        flow.closeWriteWithError(nil)
        done()
    }

    func reset(_ done: @escaping () -> Void) {
        ApplicationFlow.close(flow, .peerReset)
        done()
    }

    private static func close(_ flow: NEAppProxyFlow, _ code: NEAppProxyFlowError.Code) {
        let error = NEAppProxyFlowError(code)
        flow.closeReadWithError(error)
        flow.closeWriteWithError(error)
    }
}
