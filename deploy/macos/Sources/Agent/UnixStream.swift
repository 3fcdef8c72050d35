import Dispatch
import Foundation

/// A connected Unix stream socket that never blocks. It owns its descriptor, and closes it.
public final class UnixStream: RelayEnd {
    /// Large enough for few system calls, small enough for hundreds of flows.
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
        // A descriptor must not be closed before both sources have stopped watching it.
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
        // Reads first what has arrived already: not every system reports an end of input a second time.
        queue.async { [weak self] in self?.readNow() }
    }

    /// Cancels a pending read; no byte that arrives is lost.
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

    /// A write that is requested during another one waits for it.
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

    /// Whether the peer has closed, which is the reset of a Unix socket (BRIDGE.md, section 4). It can't be determined after this
    /// side has shut down its own direction.
    public var peerHasClosed: Bool {
        !isClosed && !hasEndedOutput && UnixSocket.isHungUp(descriptor)
    }

    /// Closes without shutting down first. Pending callbacks are dropped.
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
        // A suspended source can't be cancelled or released.
        if !waitsToRead { readable.resume() }
        if !waitsToWrite { writable.resume() }
        readable.cancel()
        writable.cancel()
    }
}
