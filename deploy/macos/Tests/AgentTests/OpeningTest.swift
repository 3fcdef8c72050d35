import BridgeContract
import Foundation
import XCTest

@testable import Agent

/// The part of the agent that opens connections, as a hop sees it.
final class OpeningTest: XCTestCase {
    private let queue = DispatchQueue(label: "agent")
    private let places = Places(capacity: Places.limit)
    private let flow = FlowAddresses(
        source: Endpoint(address: [192, 0, 2, 10], port: 40000)!,
        destination: Endpoint(address: [198, 51, 100, 80], port: 443)!)!
    private let handle = Handle([7])!
    private var folder = URL(fileURLWithPath: "/")
    private var opening: Opening!
    private var connections: [FakeConnection] = []
    private var isHop = true

    /// A connection whose system and other end are in the test.
    private final class FakeConnection: OutgoingConnection {
        let stream: UnixStream
        let destination: Peer
        let carriesIdentity: Bool
        var addresses: FlowAddresses?
        var changed: ((ConnectionState) -> Void)?
        var isReset = false
        var letGo: (() -> Void)?
        var lingers = false

        init(_ pair: (stream: UnixStream, peer: Peer), carriesIdentity: Bool, addresses: FlowAddresses?) {
            stream = pair.stream
            destination = pair.peer
            self.carriesIdentity = carriesIdentity
            self.addresses = addresses
        }

        func start(_ changed: @escaping (ConnectionState) -> Void) { self.changed = changed }
        func read(_ done: @escaping (ReadOutcome) -> Void) { stream.read(done) }
        func write(_ data: Data, _ done: @escaping (Bool) -> Void) { stream.write(data, done) }
        func endOutput() { stream.endOutput() }

        func close(_ done: @escaping () -> Void) {
            if lingers {
                letGo = { self.stream.close(done) }
            } else {
                stream.close(done)
            }
        }

        func reset(_ done: @escaping () -> Void) {
            isReset = true
            close(done)
        }
    }

    override func setUpWithError() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("t\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try listen(for: geteuid())
    }

    override func tearDownWithError() throws {
        queue.sync { opening.stopListening() }
        try FileManager.default.removeItem(at: folder)
    }

    private var path: String { folder.appendingPathComponent("agent.sock").path }

    private func listen(for user: UInt32) throws {
        let configuration = try AgentConfiguration(["hopSocket": "/hop.sock", "hopUser": Int(user), "openingSocket": path])
        queue.sync {
            opening = Opening(configuration: configuration, places: places, queue: queue, isHop: { [unowned self] _ in isHop })
            {
                [unowned self] _, handle in
                guard handle == nil || handle == self.handle else { return nil }
                let connection = FakeConnection(Peer.pair(queue), carriesIdentity: handle != nil, addresses: flow)
                connections.append(connection)
                return connection
            }
            XCTAssertTrue(opening.listen(at: path))
        }
    }

    private func request(_ asked: UInt8, _ handle: Handle? = nil) -> [UInt8] {
        var rest = asked == Contract.open ? flow.bytes : []
        rest += [Contract.request, 0, 4] + Contract.magic + [Contract.version, asked]
        if let handle {
            rest += [Contract.handle, 0, UInt8(handle.bytes.count)] + handle.bytes
        }
        let command: [UInt8] = asked == Contract.open ? [Contract.commandProxy, flow.family] : [Contract.commandLocal, 0]
        return Contract.signature + command + [0, UInt8(rest.count)] + rest
    }

    private func open(_ handle: Handle? = nil) throws -> (hop: Peer, connection: FakeConnection) {
        let count = queue.sync { connections.count }
        let hop = try Peer.connect(path)
        hop.send(request(Contract.open, handle))
        eventually("nothing is started") { queue.sync { connections.count > count && connections[count].changed != nil } }
        return (hop, queue.sync { connections[count] })
    }

    private func tell(_ connection: FakeConnection, _ state: ConnectionState) {
        queue.sync { connection.changed?(state) }
    }

    private var limits: Answer { queue.sync { places.limits } }

    func testSaysCarriedThenAddressesThenConnected() throws {
        let (hop, connection) = try open(handle)
        tell(connection, .ready)

        XCTAssertEqual(hop.answer(), .carried)
        XCTAssertEqual(hop.answer(), .addresses(flow))
        XCTAssertEqual(hop.answer(), .connected)
        hop.send("request")
        XCTAssertEqual(connection.destination.text(7), "request")
        connection.destination.send("response")
        XCTAssertEqual(hop.text(8), "response")
    }

    func testCarriesNothingWithoutAHandle() throws {
        let (hop, connection) = try open()
        tell(connection, .ready)

        XCTAssertEqual(hop.answer(), .addresses(flow))
        XCTAssertEqual(hop.answer(), .connected)
    }

    func testDoesNotKnowOthersHandles() throws {
        let hop = try Peer.connect(path)
        hop.send(request(Contract.open, Handle([8])))

        XCTAssertEqual(hop.answer(), .failed("unknown-handle"))
        XCTAssertTrue(hop.isAtEnd)
        XCTAssertEqual(limits, .limits(capacity: 512, inUse: 0, waiting: 0))
    }

    func testWaitsUntilTheHopGivesUpAndHoldsThePlaceUntilTheSystemLetsGo() throws {
        let (hop, connection) = try open()
        queue.sync { connection.lingers = true }
        tell(connection, .waiting(.ENOMEM))
        XCTAssertEqual(hop.answer(), .waiting("no-memory"))
        XCTAssertEqual(limits, .limits(capacity: 512, inUse: 1, waiting: 1))
        hop.endOutput()

        eventually("it isn't cancelled") { queue.sync { connection.letGo != nil } }
        XCTAssertEqual(limits, .limits(capacity: 512, inUse: 1, waiting: 1))
        queue.sync { connection.letGo?() }
        XCTAssertEqual(hop.answer(), .failed("cancelled"))
        XCTAssertTrue(hop.isAtEnd)
        XCTAssertEqual(limits, .limits(capacity: 512, inUse: 0, waiting: 0))
    }

    func testAConnectionThatWaitedMayStand() throws {
        let (hop, connection) = try open()
        tell(connection, .waiting(.ENETDOWN))
        XCTAssertEqual(hop.answer(), .waiting("network-down"))
        tell(connection, .ready)

        XCTAssertEqual(hop.answer(), .addresses(flow))
        XCTAssertEqual(hop.answer(), .connected)
        XCTAssertEqual(limits, .limits(capacity: 512, inUse: 1, waiting: 0))
    }

    /// The system reports a refused connection as waiting, unlike connect(2).
    func testGivesUpWhatConnectWouldGiveUp() throws {
        let codes: [(POSIXErrorCode, Reason)] = [
            (.ECONNREFUSED, "connect-refused"), (.ETIMEDOUT, "connect-timeout"), (.EHOSTUNREACH, "connect-unreachable"),
        ]
        for (code, reason) in codes {
            let (hop, connection) = try open()
            tell(connection, .waiting(code))
            XCTAssertEqual(hop.answer(), .failed(reason))
            XCTAssertTrue(hop.isAtEnd)
        }
        XCTAssertEqual(limits, .limits(capacity: 512, inUse: 0, waiting: 0))
    }

    func testSaysWhyAConnectionFailed() throws {
        let (hop, connection) = try open()
        tell(connection, .failed(nil))

        XCTAssertEqual(hop.answer(), .failed("connect-failed"))
        XCTAssertTrue(connection.isReset)
    }

    func testSaysNoConnectedWithoutAddresses() throws {
        let (hop, connection) = try open()
        queue.sync { connection.addresses = nil }
        tell(connection, .ready)

        XCTAssertEqual(hop.answer(), .failed("addresses-unknown"))
    }

    func testTakesNoByteBeforeConnected() throws {
        let (hop, _) = try open()
        hop.send("early")

        XCTAssertEqual(hop.answer(), .failed("request-malformed"))
    }

    func testAHopThatIsGoneGivesUp() throws {
        let (hop, connection) = try open()
        hop.close()

        eventually("it isn't cancelled") { queue.sync { connection.isReset } }
        eventually("its place isn't free") { limits == .limits(capacity: 512, inUse: 0, waiting: 0) }
    }

    func testAPlaceIsFreeWhenBothDirectionsAreOver() throws {
        let (hop, connection) = try open()
        tell(connection, .ready)
        XCTAssertEqual(hop.answer(), .addresses(flow))
        XCTAssertEqual(hop.answer(), .connected)
        hop.endOutput()
        XCTAssertTrue(connection.destination.isAtEnd)
        XCTAssertEqual(limits, .limits(capacity: 512, inUse: 1, waiting: 0))
        connection.destination.endOutput()

        XCTAssertTrue(hop.isAtEnd)
        eventually("its place isn't free") { limits == .limits(capacity: 512, inUse: 0, waiting: 0) }
        XCTAssertFalse(connection.isReset)
    }

    func testTellsLimitsAtOnceAndAtAChangeButNotTooOften() throws {
        let watch = try Peer.connect(path)
        watch.send(request(Contract.watch))
        XCTAssertEqual(watch.answer(), .limits(capacity: 512, inUse: 0, waiting: 0))
        let start = DispatchTime.now()
        queue.sync {
            for _ in 0..<50 {
                _ = places.take()
            }
        }

        XCTAssertEqual(watch.answer(), .limits(capacity: 512, inUse: 50, waiting: 0))
        XCTAssertGreaterThan(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds, 50_000_000)
    }

    func testOpensNothingForOthersAndReadsNothingOfThem() throws {
        queue.sync { isHop = false }
        let program = try Peer.connect(path)
        XCTAssertEqual(program.answer(), .failed("hop-not-allowed"))
        XCTAssertTrue(program.isAtEnd)
        queue.sync { opening.stopListening() }
        queue.sync { isHop = true }
        try listen(for: geteuid() + 1)
        let other = try Peer.connect(path)

        XCTAssertEqual(other.answer(), .failed("hop-not-allowed"))
        XCTAssertTrue(queue.sync { connections.isEmpty })
    }

    func testRefusesWhatIsNoRequestAndIsBusyAfterTooMany() throws {
        for malformed in [Array("GET / HTTP/1.1".utf8), request(Contract.watch) + [0x55]] {
            let hop = try Peer.connect(path)
            hop.send(malformed)
            XCTAssertEqual(hop.answer(), .failed("request-malformed"))
        }
        for _ in 2..<Contract.failedRequestsMost {
            let hop = try Peer.connect(path)
            hop.endOutput()
            XCTAssertEqual(hop.answer(), .failed("request-malformed"))
        }

        XCTAssertNil(try Peer.connect(path).answer(), "unheard")
    }
}
