import Dispatch
import Foundation

/// A connected Unix stream socket that never blocks. Its descriptor is its own, and is closed with it.
public final class UnixStream: RelayEnd {
    /// Large enough that a system call moves much, small enough for hundreds of flows.
    private static let chunkBytes = 65536

    private let descriptor: Int32
    private let queue: DispatchQueue
    private let readable: DispatchSourceRead
    private let writable: DispatchSourceWrite
    private var waitsToRead = false
    private var waitsToWrite = false
    private var isClosed = false
    private var hasEndedOutput = false
    private var reader: ((ReadOutcome) -> Void)?
    private var writes: [(data: Data, done: (Bool) -> Void)] = []

    /// - Parameter descriptor: connected; it becomes non-blocking
    public init(descriptor: Int32, queue: DispatchQueue) {
        self.descriptor = descriptor
        self.queue = queue
        UnixSocket.prepare(descriptor)
        readable = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        writable = DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue)
        // A descriptor may be closed only when neither source watches it any more.
        let sources = DispatchGroup()
        sources.enter()
        sources.enter()
        readable.setCancelHandler { sources.leave() }
        writable.setCancelHandler { sources.leave() }
        sources.notify(queue: queue) { UnixSocket.close(descriptor) }
        readable.setEventHandler { [weak self] in self?.readNow() }
        writable.setEventHandler { [weak self] in self?.writeNow() }
    }

    deinit {
        closeNow()
    }

    public func read(_ done: @escaping (ReadOutcome) -> Void) {
        guard !isClosed else { return done(.broken) }
        precondition(reader == nil, "one read at a time")
        reader = done
        // First what is here already: not every system says again that an end has come.
        queue.async { [weak self] in self?.readNow() }
    }

    /// Takes back a read that hasn't been answered; nothing that arrives is lost.
    public func stopReading() {
        reader = nil
        pauseReading()
    }

    private func pauseReading() {
        if waitsToRead && !isClosed {
            waitsToRead = false
            readable.suspend()
        }
    }

    private func readNow() {
        guard let done = reader else { return pauseReading() }
        var chunk = Data(count: UnixStream.chunkBytes)
        let (count, error) = chunk.withUnsafeMutableBytes { UnixSocket.receive(descriptor, $0) }
        if count < 0 && UnixSocket.isTemporary(error) {
            if !waitsToRead {
                waitsToRead = true
                readable.resume()
            }
            return
        }
        reader = nil
        pauseReading()
        switch count {
        case 0: done(.end)
        case ..<0: done(.broken)
        default: done(.data(chunk.prefix(count)))
        }
    }

    /// What is asked for while another write is under way waits for it.
    public func write(_ data: Data, _ done: @escaping (Bool) -> Void) {
        guard !isClosed, !hasEndedOutput else { return done(false) }
        writes.append((data, done))
        if writes.count == 1 {
            writeNow()
        }
    }

    public var isWriting: Bool { !writes.isEmpty }

    private func writeNow() {
        while let (data, done) = writes.first {
            let (count, error) = data.withUnsafeBytes { UnixSocket.send(descriptor, $0) }
            if count < 0 && UnixSocket.isTemporary(error) {
                if !waitsToWrite {
                    waitsToWrite = true
                    writable.resume()
                }
                return
            }
            if count >= 0 && count < data.count {
                writes[0].data = data.dropFirst(count)
                continue
            }
            writes.removeFirst()
            done(count >= 0)
        }
        if waitsToWrite && !isClosed {
            waitsToWrite = false
            writable.suspend()
        }
    }

    public func endOutput() {
        guard !isClosed, !hasEndedOutput else { return }
        hasEndedOutput = true
        UnixSocket.shutDownOutput(descriptor)
    }

    /// Whether the peer is gone altogether, which a Unix socket says in place of a reset (BRIDGE.md, section 4). Once this side has
    /// shut down its own direction, nobody can tell.
    public var peerHasClosed: Bool {
        !isClosed && !hasEndedOutput && UnixSocket.isHungUp(descriptor)
    }

    /// Closes without shutting down first. Who still waits for this end is forgotten.
    public func close() {
        closeNow()
    }

    public func close(_ done: @escaping () -> Void) {
        closeNow()
        done()
    }

    public func reset(_ done: @escaping () -> Void) {
        close(done)
    }

    private func closeNow() {
        guard !isClosed else { return }
        isClosed = true
        reader = nil
        writes = []
        // A source that is suspended can't be cancelled, nor let go.
        if !waitsToRead { readable.resume() }
        if !waitsToWrite { writable.resume() }
        readable.cancel()
        writable.cancel()
    }
}
