import BridgeContract
import Dispatch
import Foundation

/// An application's flow that the system holds until it is opened: the application's connect(2) hasn't returned yet.
public protocol InterceptedFlow: RelayEnd {
    /// The application may continue.
    func open(_ done: @escaping (Bool) -> Void)

    /// It fails towards the application; it was never opened.
    func refuse(_ error: ApplicationError)
}

/// One flow that is handed over to the hop: connect, send the header, read the answer, open, relay. Any failure before the
/// answer refuses the flow; it never bypasses the hop.
public final class HandOver {
    private let flow: InterceptedFlow
    private let header: [UInt8]
    private let configuration: AgentConfiguration
    private let isHop: (Int32) -> Bool
    private let queue: DispatchQueue
    private let over: (Reason?) -> Void
    private var hop: UnixStream?
    private var isDecided = false

    /// - Parameters:
    ///   - isHop: whether the process at the other end of a descriptor is accepted as hop; its user is checked here
    ///   - over: called when the flow has ended, with the reason if it was refused
    public init(
        flow: InterceptedFlow, header: [UInt8], configuration: AgentConfiguration, queue: DispatchQueue,
        isHop: @escaping (Int32) -> Bool, over: @escaping (Reason?) -> Void
    ) {
        self.flow = flow
        self.header = header
        self.configuration = configuration
        self.isHop = isHop
        self.queue = queue
        self.over = over
    }

    public func start() {
        guard let descriptor = UnixSocket.connect(to: configuration.hopSocket) else { return refuse("hop-unreachable") }
        guard UnixSocket.peerUser(descriptor) == configuration.hopUser, isHop(descriptor) else {
            UnixSocket.close(descriptor)
            return refuse("hop-not-believed")
        }
        let hop = UnixStream(descriptor: descriptor, queue: queue)
        self.hop = hop
        queue.asyncAfter(deadline: .now() + .seconds(configuration.answerSeconds)) { [weak self] in
            self?.refuse("hop-timeout")
        }
        // A hop that refuses answers without reading: its answer is the reason, not the failed write.
        hop.write(Data(header)) { _ in }
        AnswerWait(hop: hop) { [self] outcome in
            switch outcome {
            case .connected(let behind): open(hop, behind)
            case .failed(let reason): refuse(reason)
            }
        }.read()
    }

    private func open(_ hop: UnixStream, _ behind: Data) {
        guard !isDecided else { return }
        isDecided = true
        flow.open { [self] isOpen in
            guard isOpen else {
                hop.close()
                return over("flow-gone")
            }
            Relay(hop: hop, other: flow, queue: queue) { [self] in over(nil) }.start(with: behind)
        }
    }

    private func refuse(_ reason: Reason) {
        guard !isDecided else { return }
        isDecided = true
        hop?.close()
        flow.refuse(ApplicationError.of(reason))
        over(reason)
    }
}
