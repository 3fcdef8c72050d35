import BridgeContract
import Foundation
import XCTest

@testable import Agent

/// A flow that is handed over goes to the hop, or nowhere.
final class HandOverTest: XCTestCase {
    private let queue = DispatchQueue(label: "agent")
    private let header: [UInt8] = Array("the header".utf8)
    private var folder = URL(fileURLWithPath: "/")
    private var listener: Int32 = -1

    /// An application's flow whose other end the test holds.
    private final class FakeFlow: InterceptedFlow {
        let stream: UnixStream
        var isOpen = false
        var refusedWith: ApplicationError?
        var isReset = false
        var isEnded = false
        var takesBytes = true
        var reading: ((ReadOutcome) -> Void)?

        init(_ stream: UnixStream) {
            self.stream = stream
        }

        func open(_ done: @escaping (Bool) -> Void) {
            isOpen = true
            done(true)
        }

        func refuse(_ error: ApplicationError) { refusedWith = error }
        func write(_ data: Data, _ done: @escaping (Bool) -> Void) {
            takesBytes ? stream.write(data, done) : done(false)
        }

        func read(_ done: @escaping (ReadOutcome) -> Void) {
            reading = done
            stream.read { [self] outcome in
                reading = nil
                done(outcome)
            }
        }

        /// As the application's reset does.
        func breakOff() {
            stream.stopReading()
            reading?(.broken)
        }

        func endOutput() {
            isEnded = true
            stream.endOutput()
        }

        func close(_ done: @escaping () -> Void) { stream.close(done) }

        func reset(_ done: @escaping () -> Void) {
            isReset = true
            stream.close(done)
        }
    }

    override func setUpWithError() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("t\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        listener = try XCTUnwrap(UnixSocket.listen(at: path, for: geteuid()))
    }

    override func tearDownWithError() throws {
        UnixSocket.close(listener)
        try FileManager.default.removeItem(at: folder)
    }

    private var path: String { folder.appendingPathComponent("hop.sock").path }

    private func start(
        hopUser: UInt32 = geteuid(), answerSeconds: Int = 10, isHop: Bool = true
    ) throws -> (flow: FakeFlow, application: Peer, over: () -> Reason??) {
        let (stream, application) = Peer.pair(queue)
        let flow = FakeFlow(stream)
        var over: Reason??
        let configuration = try AgentConfiguration([
            "hopSocket": path, "hopUser": Int(hopUser), "answerSeconds": answerSeconds,
        ])
        let handOver = HandOver(
            flow: flow, header: header, configuration: configuration, queue: queue, isHop: { _ in isHop },
            over: { over = .some($0) })
        queue.async { handOver.start() }
        return (flow, application, { self.queue.sync { over } })
    }

    private func accepted() -> Peer {
        var descriptor: Int32 = -1
        eventually("nobody connects") {
            descriptor = UnixSocket.accept(listener).descriptor
            return descriptor >= 0
        }
        return Peer(descriptor)
    }

    func testPassesBytesBothWaysOnceTheHopIsConnected() throws {
        let (flow, application, over) = try start()
        let hop = accepted()
        XCTAssertEqual(hop.receive(header.count), header)
        XCTAssertFalse(queue.sync { flow.isOpen }, "the application waits for the hop")
        // A notice of a later version comes before it, and a byte of the flow directly after it.
        hop.send([0x49, 0x42, 0x07, 0xFE, 0x00, 0x01, 0x55] + Answer.connected.encode() + Array("hello".utf8))

        XCTAssertEqual(application.text(5), "hello")
        application.send("request")
        XCTAssertEqual(hop.text(7), "request")
        application.endOutput()
        XCTAssertTrue(hop.isAtEnd)
        hop.send("response")
        hop.close()
        XCTAssertEqual(application.text(8), "response")
        XCTAssertTrue(application.isAtEnd)
        eventually("the flow isn't over") { over() == .some(nil) }
        XCTAssertFalse(flow.isReset)
    }

    func testTheHopEndsItsDirectionFirst() throws {
        let (flow, application, over) = try start()
        let hop = accepted()
        hop.send(Answer.connected.encode() + Array("response".utf8))
        hop.endOutput()

        XCTAssertEqual(application.text(8), "response")
        XCTAssertTrue(application.isAtEnd)
        application.send("more")
        XCTAssertEqual(hop.text(14), "the headermore")
        application.endOutput()
        XCTAssertTrue(hop.isAtEnd)
        eventually("the flow isn't over") { over() == .some(nil) }
        XCTAssertFalse(flow.isReset)
    }

    func testAHopThatGivesAFlowUpResetsIt() throws {
        let (flow, application, over) = try start()
        let hop = accepted()
        _ = hop.receive(header.count)
        hop.send(Answer.connected.encode())
        eventually("it isn't open") { queue.sync { flow.isOpen } }
        hop.close()

        eventually("it isn't over") { over() != nil }
        XCTAssertTrue(flow.isReset)
        XCTAssertFalse(flow.isEnded, "as if that were all")
        application.close()
    }

    /// No event reports the close of a hop that had shut down its direction before.
    func testAHopThatGivesAFlowUpAfterItsOwnEndResetsIt() throws {
        let (flow, application, over) = try start()
        let hop = accepted()
        _ = hop.receive(header.count)
        hop.send(Answer.connected.encode())
        hop.endOutput()
        XCTAssertTrue(application.isAtEnd)
        hop.close()

        eventually("it isn't over") { over() != nil }
        XCTAssertTrue(flow.isReset)
    }

    func testAFlowThatWasResetIsClosedTowardsTheHop() throws {
        let (flow, application, over) = try start()
        let hop = accepted()
        _ = hop.receive(header.count)
        hop.send(Answer.connected.encode())
        eventually("it isn't relayed") { queue.sync { flow.reading != nil } }
        queue.sync { flow.breakOff() }

        XCTAssertTrue(hop.isAtEnd)
        eventually("it isn't over") { over() != nil }
        eventually("it is shut down only") { hop.isHungUp }
        application.close()
    }

    func testAFlowThatTakesNoBytesAnyMoreIsClosedTowardsTheHop() throws {
        let (flow, application, over) = try start()
        let hop = accepted()
        _ = hop.receive(header.count)
        hop.send(Answer.connected.encode())
        eventually("it isn't relayed") { queue.sync { flow.reading != nil } }
        queue.sync { flow.takesBytes = false }
        hop.send("response")

        XCTAssertTrue(hop.isAtEnd)
        eventually("it isn't over") { over() != nil }
        XCTAssertTrue(flow.isReset)
        application.close()
    }

    func testWhoeverIsSlowSlowsTheOther() throws {
        let (_, application, _) = try start()
        let hop = accepted()
        _ = hop.receive(header.count)
        hop.send(Answer.connected.encode())
        let much = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        DispatchQueue.global().async { hop.send(much) }

        XCTAssertTrue(application.receive(much.count) == much)
    }

    func testRefusesAFlowThatTheHopRefuses() throws {
        let (flow, _, over) = try start()
        let hop = accepted()
        hop.send(Answer.failed("connect-refused").encode())

        eventually("it isn't over") { over() == .some("connect-refused") }
        XCTAssertEqual(flow.refusedWith, .refused)
        XCTAssertFalse(flow.isOpen)
        _ = hop.receive(header.count)
        XCTAssertTrue(hop.isAtEnd)
    }

    /// Such a hop closes without reading, so that the header can't be written.
    func testReadsWhatAHopSaysThatDoesNotRead() throws {
        let (flow, _, over) = try start()
        let hop = accepted()
        hop.send(Answer.failed("agent-not-allowed").encode())
        hop.close()

        eventually("it isn't over") { over() == .some("agent-not-allowed") }
        XCTAssertEqual(flow.refusedWith, .aborted)
    }

    func testRefusesAFlowWithoutAnAnswer() throws {
        let (silent, _, silentOver) = try start(answerSeconds: 1)
        let hop = accepted()
        let (gone, _, goneOver) = try start()
        accepted().close()
        let (odd, _, oddOver) = try start()
        accepted().send("HTTP/1.1 400 Bad Request")

        eventually("it isn't over") { silentOver() == .some("hop-timeout") }
        eventually("it isn't over") { goneOver() == .some("hop-gone") }
        eventually("it isn't over") { oddOver() == .some("hop-malformed") }
        XCTAssertEqual([silent, gone, odd].map(\.refusedWith), [.aborted, .aborted, .aborted])
        XCTAssertTrue([silent, gone, odd].allSatisfy { !$0.isOpen })
        hop.close()
    }

    func testBelievesNoOtherUserAndNoOtherProgram() throws {
        let (other, _, otherOver) = try start(hopUser: geteuid() + 1)
        let toOther = accepted()
        let (program, _, programOver) = try start(isHop: false)
        let toProgram = accepted()

        eventually("it isn't over") { otherOver() == .some("hop-not-believed") }
        eventually("it isn't over") { programOver() == .some("hop-not-believed") }
        XCTAssertEqual([other, program].map(\.refusedWith), [.aborted, .aborted])
        XCTAssertTrue(toOther.isAtEnd, "not a byte of the header")
        XCTAssertTrue(toProgram.isAtEnd, "not a byte of the header")
    }

    func testRefusesAFlowWithoutAHop() throws {
        try FileManager.default.removeItem(atPath: path)
        let (flow, _, over) = try start()

        eventually("it isn't over") { over() == .some("hop-unreachable") }
        XCTAssertEqual(flow.refusedWith, .aborted)
    }
}
