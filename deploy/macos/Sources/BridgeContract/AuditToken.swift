/// The kernel's identity of a process: eight numbers. The last one changes whenever the process executes another program.
public struct AuditToken: Hashable, Sendable {
    public let auditUser: UInt32
    public let effectiveUser: UInt32
    public let effectiveGroup: UInt32
    public let realUser: UInt32
    public let realGroup: UInt32
    public let pid: UInt32
    public let auditSession: UInt32
    public let pidVersion: UInt32

    /// - Parameter bytes: as the kernel stores them: eight numbers of 32 bits in the order of this machine
    /// - Returns: nil for another number of bytes
    public init?(native bytes: [UInt8]) {
        guard bytes.count == Contract.auditTokenBytes else { return nil }
        self.init(
            numbers: bytes.withUnsafeBytes { raw in
                (0..<8).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self) }
            })
    }

    /// - Returns: nil unless there are eight
    public init?(numbers: [UInt32]) {
        guard numbers.count == 8 else { return nil }
        auditUser = numbers[0]
        effectiveUser = numbers[1]
        effectiveGroup = numbers[2]
        realUser = numbers[3]
        realGroup = numbers[4]
        pid = numbers[5]
        auditSession = numbers[6]
        pidVersion = numbers[7]
    }

    public var numbers: [UInt32] {
        [auditUser, effectiveUser, effectiveGroup, realUser, realGroup, pid, auditSession, pidVersion]
    }

    /// The bytes as the kernel stores them.
    public var native: [UInt8] {
        numbers.flatMap { number in withUnsafeBytes(of: number) { Array($0) } }
    }

    /// The bytes as a header has them: in network order.
    var bytes: [UInt8] { numbers.flatMap { bigEndian($0) } }
}
