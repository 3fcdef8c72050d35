/// The numbers of BRIDGE.md and SPEC.md that an agent needs. They are in one file, so that a test on the hop's side can
/// compare them with its own: `MacosAgentTest`.
public enum Contract {
    public static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    /// The first bytes of the originator's block, of a request and of an answer.
    public static let magic: [UInt8] = [0x49, 0x42]
    public static let version: UInt8 = 0x01

    // The header's first bytes after the signature.
    public static let commandLocal: UInt8 = 0x20
    public static let commandProxy: UInt8 = 0x21
    public static let familyNone: UInt8 = 0x00
    public static let familyTcp4: UInt8 = 0x11
    public static let familyTcp6: UInt8 = 0x21

    // Types of TLVs.
    public static let authority: UInt8 = 0x02
    public static let checksum: UInt8 = 0x03
    public static let block: UInt8 = 0xE6
    public static let handle: UInt8 = 0xE7
    public static let request: UInt8 = 0xE8

    // Requests.
    public static let open: UInt8 = 0x00
    public static let watch: UInt8 = 0x01

    // Answers and notices.
    public static let connected: UInt8 = 0x00
    public static let failed: UInt8 = 0x01
    public static let waiting: UInt8 = 0x80
    public static let limits: UInt8 = 0x81
    public static let carried: UInt8 = 0x82
    public static let addresses: UInt8 = 0x83

    // Codes of SPEC.md, section 6.
    public static let appProxyProvider: UInt8 = 7
    public static let macos: UInt8 = 2

    // Fields of the core and of the details (SPEC.md, section 3).
    public static let coreSystem: UInt8 = 6
    public static let coreProcess: UInt8 = 7
    public static let coreCredentials: UInt8 = 8
    public static let code: UInt8 = 1
    public static let codeExecutable: UInt8 = 1
    public static let codeSigningId: UInt8 = 4
    public static let codeTeam: UInt8 = 5
    public static let codeCdhash: UInt8 = 6
    public static let person: UInt8 = 3
    public static let personAuditSession: UInt8 = 2
    public static let personAuditToken: UInt8 = 4
    public static let personAuditUser: UInt8 = 7

    /// The value of an audit session or user that means "none".
    public static let none: UInt32 = 0xFFFF_FFFF

    // Sizes, in bytes.
    public static let headerFixedBytes = 16
    public static let headerMostBytes = 4096
    public static let answerPrefixBytes = 6
    public static let answerContentMostBytes = 256
    public static let handleMostBytes = 32
    public static let hostNameMostBytes = 253
    public static let reasonMostBytes = 64
    public static let cdhashBytes = 20
    public static let auditTokenBytes = 32

    // Times and rates.
    public static let requestSeconds = 5
    public static let limitsEverySeconds = 5
    public static let limitsMostASecond = 10
    public static let unfinishedRequestsMost = 1000
    public static let failedRequestsMost = 100
    public static let failedRequestsSeconds = 10
}
