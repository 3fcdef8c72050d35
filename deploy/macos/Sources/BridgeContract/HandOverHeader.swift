/// The originator of a flow. Everything that isn't in the token may be unknown, and is left out then.
public struct Originator: Equatable, Sendable {
    public var token: AuditToken
    public var executable: String?
    public var signingId: String?
    public var team: String?
    public var cdhash: [UInt8]?

    public init(
        token: AuditToken, executable: String? = nil, signingId: String? = nil, team: String? = nil, cdhash: [UInt8]? = nil
    ) {
        self.token = token
        self.executable = executable
        self.signingId = signingId
        self.team = team
        self.cdhash = cdhash
    }
}

/// The header of a flow that an agent hands over (BRIDGE.md, sections 1 and 2).
public struct HandOverHeader: Equatable, Sendable {
    public var flow: FlowAddresses
    public var originator: Originator
    public var handle: Handle?
    public var hostName: HostName?

    public init(flow: FlowAddresses, originator: Originator, handle: Handle? = nil, hostName: HostName? = nil) {
        self.flow = flow
        self.originator = originator
        self.handle = handle
        self.hostName = hostName
    }

    /// - Returns: all of its bytes; nil if there are more than a hop reads
    public func encode(withChecksum: Bool = false) -> [UInt8]? {
        var tlvs = HandOverHeader.tlv(Contract.block, block)
        if let handle {
            tlvs += HandOverHeader.tlv(Contract.handle, handle.bytes)
        }
        if let hostName {
            tlvs += HandOverHeader.tlv(Contract.authority, Array(hostName.text.utf8))
        }
        if withChecksum {
            tlvs += HandOverHeader.tlv(Contract.checksum, [0, 0, 0, 0])
        }
        let rest = flow.bytes + tlvs
        guard Contract.headerFixedBytes + rest.count <= Contract.headerMostBytes else { return nil }
        var header = Contract.signature + [Contract.commandProxy, flow.family] + bigEndian(UInt16(rest.count)) + rest
        if withChecksum {
            header.replaceSubrange((header.count - 4)..., with: bigEndian(Checksum.of(header)))
        }
        return header
    }

    private var block: [UInt8] {
        let token = originator.token
        let core =
            HandOverHeader.field(Contract.coreSystem, [Contract.macos])
            // On macOS, processes with the same pid differ by the version of the pid, not by their start time.
            + HandOverHeader.field(Contract.coreProcess, bigEndian(token.pid) + bigEndian(UInt64(token.pidVersion)))
            + HandOverHeader.field(
                Contract.coreCredentials,
                bigEndian(token.realUser) + bigEndian(token.effectiveUser) + bigEndian(token.realGroup))
        return Contract.magic + [Contract.version, Contract.appProxyProvider] + bigEndian(UInt16(core.count)) + core
            + HandOverHeader.section(Contract.code, codeFields) + HandOverHeader.section(Contract.person, personFields)
    }

    private var codeFields: [UInt8] {
        HandOverHeader.field(Contract.codeExecutable, PlainText.bytes(originator.executable))
            + HandOverHeader.field(Contract.codeSigningId, PlainText.bytes(originator.signingId))
            + HandOverHeader.field(Contract.codeTeam, PlainText.bytes(originator.team))
            + HandOverHeader.field(
                Contract.codeCdhash, originator.cdhash.flatMap { $0.count == Contract.cdhashBytes ? $0 : nil })
    }

    private var personFields: [UInt8] {
        let token = originator.token
        return HandOverHeader.field(Contract.personAuditSession, HandOverHeader.number(token.auditSession))
            + HandOverHeader.field(Contract.personAuditToken, token.bytes)
            + HandOverHeader.field(Contract.personAuditUser, HandOverHeader.number(token.auditUser))
    }

    private static func number(_ number: UInt32) -> [UInt8]? {
        number == Contract.none ? nil : bigEndian(number)
    }

    private static func tlv(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
        [type] + bigEndian(UInt16(value.count)) + value
    }

    /// Encodes a field, which has the form of a TLV; an unknown one is left out.
    private static func field(_ tag: UInt8, _ value: [UInt8]?) -> [UInt8] {
        value.map { tlv(tag, $0) } ?? []
    }

    private static func section(_ kind: UInt8, _ fields: [UInt8]) -> [UInt8] {
        fields.isEmpty ? [] : tlv(kind, fields)
    }
}
