import Foundation

/// One file of the bridge's vectors: the expected result, its content in words, and the bytes.
struct VectorFile {
    let name: String
    let expect: String
    let says: String
    let bytes: [UInt8]

    /// All of them, from the folder where the hop's own tests read them.
    static func all() throws -> [VectorFile] {
        var checkout = URL(fileURLWithPath: #filePath)
        for _ in 0..<5 {
            checkout.deleteLastPathComponent()
        }
        let folder = checkout.appendingPathComponent("proxy-core/src/test/resources/vectors/bridge")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
            try VectorFile(name, String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8))
        }
    }

    private init(_ name: String, _ text: String) throws {
        let lines = text.components(separatedBy: "\n")
        let empty = lines.firstIndex(of: "") ?? lines.count
        self.name = name
        expect = VectorFile.setting("expect: ", lines[..<empty])
        says = VectorFile.setting("says: ", lines[..<empty])
        let hex = lines[empty...].map { $0.prefix { $0 != "#" } }.joined().filter { !$0.isWhitespace }
        bytes = stride(from: 0, to: hex.count, by: 2).compactMap { at in
            let start = hex.index(hex.startIndex, offsetBy: at)
            return UInt8(hex[start..<hex.index(start, offsetBy: 2)], radix: 16)
        }
    }

    private static func setting(_ key: String, _ lines: ArraySlice<String>) -> String {
        lines.first { $0.hasPrefix(key) }.map { String($0.dropFirst(key.count)) } ?? ""
    }
}
