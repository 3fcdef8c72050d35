import BridgeContract
import Darwin
import Foundation
import Security

/// A code requirement, in the language of `csreq`.
struct CodeRequirement {
    fileprivate let text: String
    fileprivate let requirement: SecRequirement

    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    init(_ text: String) throws {
        var compiled: SecRequirement?
        guard SecRequirementCreateWithString(text as CFString, [], &compiled) == errSecSuccess, let compiled else {
            throw Problem(description: "\(text) isn't a code requirement")
        }
        self.text = text
        requirement = compiled
    }
}

/// The programs of processes, by audit token. A token belongs to one process and one executable: for a process that has ended, or
/// runs another executable now, nothing is found. Results are cached, because a browser opens hundreds of flows.
final class Programs {
    private static let most = 1024

    /// Signed by Apple, or with a certificate from Apple: otherwise anyone can sign with any identifier and team.
    private static let anchored = try? CodeRequirement("anchor apple generic")

    private let lock = NSLock()
    private var originators: [AuditToken: Originator] = [:]
    private var satisfied: [AuditToken: [String: Bool]] = [:]

    /// Identifies a process. Signature, identifier and team are present if both the kernel and the file on disk confirm them.
    func originator(_ token: AuditToken) -> Originator {
        if let known = lock.withLock({ originators[token] }) {
            return known
        }
        var originator = Originator(token: token, executable: Programs.executable(token))
        if let code = Programs.code(token), Programs.holds(code, nil), let information = Programs.information(code) {
            originator.cdhash = (information[kSecCodeInfoUnique as String] as? Data).map { Array($0) }
            if let anchored = Programs.anchored, Programs.holds(code, anchored) {
                originator.signingId = information[kSecCodeInfoIdentifier as String] as? String
                originator.team = information[kSecCodeInfoTeamIdentifier as String] as? String
            }
        }
        lock.withLock {
            if originators.count >= Programs.most {
                originators = [:]
            }
            originators[token] = originator
        }
        return originator
    }

    func satisfies(_ token: AuditToken, _ requirement: CodeRequirement) -> Bool {
        if let known = lock.withLock({ satisfied[token]?[requirement.text] }) {
            return known
        }
        let holds = Programs.code(token).map { Programs.holds($0, requirement) } ?? false
        lock.withLock {
            if satisfied.count >= Programs.most {
                satisfied = [:]
            }
            satisfied[token, default: [:]][requirement.text] = holds
        }
        return holds
    }

    private static func code(_ token: AuditToken) -> SecCode? {
        var code: SecCode?
        let attributes = [kSecGuestAttributeAudit as String: Data(token.native)] as CFDictionary
        return SecCodeCopyGuestWithAttributes(nil, attributes, [], &code) == errSecSuccess ? code : nil
    }

    private static func holds(_ code: SecCode, _ requirement: CodeRequirement?) -> Bool {
        SecCodeCheckValidity(code, [], requirement?.requirement) == errSecSuccess
    }

    private static func information(_ code: SecCode) -> [String: Any]? {
        var file: SecStaticCode?
        guard SecCodeCopyStaticCode(code, [], &file) == errSecSuccess, let file else { return nil }
        var information: CFDictionary?
        let flags = SecCSFlags(rawValue: kSecCSSigningInformation)
        guard SecCodeCopySigningInformation(file, flags, &information) == errSecSuccess else { return nil }
        return information as? [String: Any]
    }

    private static func executable(_ token: AuditToken) -> String? {
        var kernels = audit_token_t()
        withUnsafeMutableBytes(of: &kernels) { $0.copyBytes(from: token.native) }
        var path = [CChar](repeating: 0, count: 4 * Int(MAXPATHLEN))
        let length = proc_pidpath_audittoken(&kernels, &path, UInt32(path.count))
        return length > 0 ? String(bytes: path.prefix(Int(length)).map { UInt8(bitPattern: $0) }, encoding: .utf8) : nil
    }
}
