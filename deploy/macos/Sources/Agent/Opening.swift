import BridgeContract
import Dispatch
import Foundation

/// The part of the agent that listens for requests, and opens connections for the configured hop only.
public final class Opening {
    private static let pause = DispatchTimeInterval.milliseconds(100)

    private let configuration: AgentConfiguration
    private let places: Places
    private let queue: DispatchQueue
    private let isHop: (Int32) -> Bool
    private let connect: (Endpoint, Handle?) -> OutgoingConnection?
    private var listener: DispatchSourceRead?
    private var watches: [ObjectIdentifier: LimitsWatch] = [:]
    private var unfinished = 0
    private var failures = FailureBudget()

    /// - Parameters:
    ///   - isHop: whether the process at the other end of a descriptor may send requests; its user is checked here
    ///   - connect: creates a connection, with the identity of the flow with this handle; nil if no open flow has it
    public init(
        configuration: AgentConfiguration, places: Places, queue: DispatchQueue, isHop: @escaping (Int32) -> Bool,
        connect: @escaping (Endpoint, Handle?) -> OutgoingConnection?
    ) {
        self.configuration = configuration
        self.places = places
        self.queue = queue
        self.isHop = isHop
        self.connect = connect
        places.changed = { [weak self] in
            guard let self else { return }
            for watch in self.watches.values {
                watch.changed()
            }
        }
    }

    /// - Returns: false if the system refuses to listen there
    public func listen(at path: String) -> Bool {
        guard let descriptor = UnixSocket.listen(at: path, for: configuration.hopUser) else { return false }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler { [weak self] in self?.accept(descriptor) }
        source.setCancelHandler { UnixSocket.close(descriptor) }
        source.resume()
        listener = source
        return true
    }

    /// Accepts no more requests; open connections continue.
    public func stopListening() {
        listener?.cancel()
        listener = nil
    }

    private func accept(_ listening: Int32) {
        while true {
            let (descriptor, error) = UnixSocket.accept(listening)
            if descriptor >= 0 {
                arrived(descriptor)
            } else if UnixSocket.isTemporary(error) {
                return
            } else if let source = listener {
                // For example, too many descriptors: pending connections stay in the queue.
                source.suspend()
                return queue.asyncAfter(deadline: .now() + Opening.pause) { source.resume() }
            } else {
                return
            }
        }
    }

    private func arrived(_ descriptor: Int32) {
        let isAllowed = UnixSocket.peerUser(descriptor) == configuration.hopUser && isHop(descriptor)
        let hop = UnixStream(descriptor: descriptor, queue: queue)
        guard isAllowed else { return hop.fail("hop-not-allowed") }
        guard unfinished < Contract.unfinishedRequestsMost, !failures.isSpent(at: .now()) else { return hop.close() }
        unfinished += 1
        RequestWait(hop: hop, queue: queue) { [self] request in
            unfinished -= 1
            guard let request else {
                failures.failed(at: .now())
                return hop.fail("request-malformed")
            }
            answer(request, hop)
        }.read()
    }

    private func answer(_ request: HopRequest, _ hop: UnixStream) {
        switch request {
        case .open(let flow, let handle):
            guard let connection = connect(flow.destination, handle) else { return hop.fail("unknown-handle") }
            OpenedConnection(hop: hop, connection: connection, place: places.take(), queue: queue).start()
        case .watch:
            let id = ObjectIdentifier(hop)
            let watch = LimitsWatch(
                hop: hop, queue: queue, limits: { [places] in places.limits }, over: { [weak self] in self?.watches[id] = nil })
            watches[id] = watch
            watch.start()
        }
    }
}
