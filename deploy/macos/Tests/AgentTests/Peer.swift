import BridgeContract
import Foundation
import XCTest

@testable import Agent

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The other end of a Unix socket in a test: it waits for the expected bytes, and fails after ten seconds.
final class Peer {
    private let descriptor: Int32
    private var isClosed = false

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        UnixSocket.prepare(descriptor)
    }

    static func connect(_ path: String) throws -> Peer {
        Peer(try XCTUnwrap(UnixSocket.connect(to: path)))
    }

    /// A stream for the agent, and the other end of it.
    static func pair(_ queue: DispatchQueue) -> (stream: UnixStream, peer: Peer) {
        var ends: [Int32] = [0, 0]
        #if canImport(Darwin)
            XCTAssertEqual(socketpair(AF_UNIX, SOCK_STREAM, 0, &ends), 0)
        #else
            XCTAssertEqual(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends), 0)
        #endif
        return (UnixStream(descriptor: ends[0], queue: queue), Peer(ends[1]))
    }

    deinit {
        close()
    }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let (count, error) = Array(rest).withUnsafeBytes { UnixSocket.send(descriptor, $0) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if UnixSocket.isTemporary(error) {
                wait(for: Int16(POLLOUT))
            } else {
                return XCTFail("nobody reads: \(error)")
            }
        }
    }

    func send(_ text: String) {
        send(Array(text.utf8))
    }

    /// - Returns: this many bytes, or fewer if the other side ends before
    func receive(_ total: Int) -> [UInt8] {
        var received: [UInt8] = []
        while received.count < total {
            var chunk = [UInt8](repeating: 0, count: total - received.count)
            let (count, error) = chunk.withUnsafeMutableBytes { UnixSocket.receive(descriptor, $0) }
            if count > 0 {
                received += chunk[..<count]
            } else if count < 0 && UnixSocket.isTemporary(error) {
                guard wait(for: Int16(POLLIN)) else { return received }
            } else {
                return received
            }
        }
        return received
    }

    func text(_ count: Int) -> String {
        String(decoding: receive(count), as: UTF8.self)
    }

    func answer() -> Answer? {
        let prefix = receive(Contract.answerPrefixBytes)
        guard prefix.count == Contract.answerPrefixBytes else { return nil }
        let content = receive(Int(prefix[4]) << 8 + Int(prefix[5]))
        guard case .complete(let answer, _) = AnswerReader.read(prefix + content) else { return nil }
        return answer
    }

    var isAtEnd: Bool { receive(1).isEmpty }

    var isHungUp: Bool { UnixSocket.isHungUp(descriptor) }

    func endOutput() {
        UnixSocket.shutDownOutput(descriptor)
    }

    func close() {
        if !isClosed {
            isClosed = true
            UnixSocket.close(descriptor)
        }
    }

    @discardableResult
    private func wait(for events: Int16) -> Bool {
        var asked = pollfd(fd: descriptor, events: events, revents: 0)
        let isReady = poll(&asked, 1, 10_000) == 1
        XCTAssertTrue(isReady, "nothing came")
        return isReady
    }
}

/// Waits for an effect of the agent's queue.
func eventually(_ what: String, file: StaticString = #filePath, line: UInt = #line, _ holds: () -> Bool) {
    let deadline = Date().addingTimeInterval(10)
    while !holds() {
        if Date() > deadline {
            return XCTFail(what, file: file, line: line)
        }
        usleep(1000)
    }
}
