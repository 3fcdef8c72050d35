import Foundation

/// The configuration: the hop's address and identity. Read from a property list; an unknown key is an error, since it would
/// have no effect.
public struct AgentConfiguration: Equatable, Sendable {
    /// The Unix socket of the hop's listener with `mode: bridge`.
    public let hopSocket: String

    /// The hop's user. Only processes of this user are accepted as hop or may request connections, and connections of this
    /// user aren't intercepted, to avoid a loop.
    public let hopUser: UInt32

    /// A code requirement that the hop's process must satisfy as well.
    public let hopRequirement: String?

    /// The Unix socket on which the hop requests connections; without it the agent opens none.
    public let openingSocket: String?

    /// Code requirements of programs that aren't intercepted. Identifiers alone prove nothing: anyone can sign with any.
    public let leftAlone: [String]

    /// The timeout for the hop's answer, in seconds.
    public let answerSeconds: Int

    /// Maximum number of connections of a process; 0 for no limit. The default depends on the version of the system.
    public let capacity: UInt32?

    /// The problem, as a message for an operator.
    public struct Problem: Error, Equatable, CustomStringConvertible {
        public let description: String
    }

    /// Maximum length of a path in `sockaddr_un`, on macOS.
    private static let pathMostBytes = 103

    public init(_ values: [String: Any]) throws {
        let known: Set = [
            "hopSocket", "hopUser", "hopRequirement", "openingSocket", "leftAlone", "answerSeconds", "capacity",
        ]
        if let other = values.keys.filter({ !known.contains($0) }).min() {
            throw Problem(description: "\(other) isn't a key")
        }
        guard let socket = try AgentConfiguration.path("hopSocket", values) else {
            throw Problem(description: "hopSocket is missing")
        }
        guard let user = try AgentConfiguration.number("hopUser", values, 0...Int(UInt32.max - 1)) else {
            throw Problem(description: "hopUser is missing")
        }
        hopSocket = socket
        hopUser = UInt32(user)
        hopRequirement = try AgentConfiguration.value("hopRequirement", values, "text")
        openingSocket = try AgentConfiguration.path("openingSocket", values)
        leftAlone = try AgentConfiguration.value("leftAlone", values, "a list of texts") ?? []
        answerSeconds = try AgentConfiguration.number("answerSeconds", values, 1...120) ?? 15
        capacity = try AgentConfiguration.number("capacity", values, 0...Int(UInt32.max)).map { UInt32($0) }
    }

    private static func value<Value>(_ key: String, _ values: [String: Any], _ form: String) throws -> Value? {
        guard let value = values[key] else { return nil }
        guard let value = value as? Value else { throw Problem(description: "\(key) isn't \(form)") }
        return value
    }

    private static func number(_ key: String, _ values: [String: Any], _ range: ClosedRange<Int>) throws -> Int? {
        guard let number: Int = try value(key, values, "a number") else { return nil }
        guard range.contains(number) else {
            throw Problem(description: "\(key) isn't between \(range.lowerBound) and \(range.upperBound)")
        }
        return number
    }

    private static func path(_ key: String, _ values: [String: Any]) throws -> String? {
        guard let path: String = try value(key, values, "text") else { return nil }
        guard path.hasPrefix("/"), path.utf8.count <= pathMostBytes, !path.utf8.contains(0) else {
            throw Problem(description: "\(key) isn't an absolute path of at most \(pathMostBytes) bytes")
        }
        return path
    }
}
