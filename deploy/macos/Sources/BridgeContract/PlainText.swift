/// Text that shows as it is written (SPEC.md, section 3). Names and paths are chosen by whoever runs a process; what isn't plain
/// is left out, since a hop refuses a block that has it, as is what no path or identifier is as long as: whoever signs a program
/// can write anything there, and the header has room for 4096 bytes in all.
enum PlainText {
    private static let hidden: [ClosedRange<UInt32>] = [
        0x00...0x1F, 0x7F...0x9F, 0xAD...0xAD, 0x34F...0x34F, 0x61C...0x61C, 0x180E...0x180E, 0x200B...0x200F,
        0x2028...0x202E, 0x2060...0x206F, 0xFEFF...0xFEFF, 0xE0000...0xE007F,
    ]

    private static let most = 1024

    /// - Returns: its bytes; nil for none, or for text that isn't plain
    static func bytes(_ text: String?) -> [UInt8]? {
        guard let text, !text.isEmpty else { return nil }
        let isPlain = text.unicodeScalars.allSatisfy { scalar in !hidden.contains { $0.contains(scalar.value) } }
        return isPlain && text.utf8.count <= most ? Array(text.utf8) : nil
    }
}
