/// Plain text (SPEC.md, section 3). Users choose names and paths of processes, and anyone who signs a program chooses its
/// identifiers. Text that isn't plain, or is longer than any path or identifier, is left out: a hop rejects a block with it,
/// and a header has at most 4096 bytes.
enum PlainText {
    private static let hidden: [ClosedRange<UInt32>] = [
        0x00...0x1F, 0x7F...0xA0, 0xAD...0xAD, 0x34F...0x34F, 0x600...0x605, 0x61C...0x61C, 0x6DD...0x6DD, 0x70F...0x70F,
        0x890...0x891, 0x8E2...0x8E2, 0x115F...0x1160, 0x1680...0x1680, 0x17B4...0x17B5, 0x180B...0x180F, 0x2000...0x200F,
        0x2028...0x202F, 0x205F...0x206F, 0x2800...0x2800, 0x3000...0x3000, 0x3164...0x3164, 0xFE00...0xFE0F,
        0xFEFF...0xFEFF, 0xFFA0...0xFFA0, 0xFFF0...0xFFFB, 0x110BD...0x110BD, 0x110CD...0x110CD, 0x13430...0x1343F,
        0x1BCA0...0x1BCA3, 0x1D173...0x1D17A, 0xE0000...0xE0FFF,
    ]

    private static let most = 1024

    /// - Returns: its bytes; nil without text, or if the text isn't plain
    static func bytes(_ text: String?) -> [UInt8]? {
        guard let text, !text.isEmpty else { return nil }
        let isPlain = text.unicodeScalars.allSatisfy { scalar in !hidden.contains { $0.contains(scalar.value) } }
        return isPlain && text.utf8.count <= most ? Array(text.utf8) : nil
    }
}
