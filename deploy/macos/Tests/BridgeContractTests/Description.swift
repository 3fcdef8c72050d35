@testable import BridgeContract

/// Values as text, in the form of the vectors.
extension Endpoint {
    /// IPv6 addresses are compared by bytes, not by the text in the vectors: see `VectorTest`.
    var words: String {
        address.count == 4 ? address.map(String.init).joined(separator: ".") + ":\(port)" : "[\(address)]:\(port)"
    }
}

extension FlowAddresses {
    var words: String { "\(source.words) -> \(destination.words)" }
}

extension AnswerReader.Read {
    var words: String {
        switch self {
        case .needMore(let total): return "need \(total)"
        case .malformed(let offset): return "answer malformed \(offset)"
        case .complete(.connected, _): return "answer connected"
        case .complete(.failed(let reason), _): return "answer failed \(reason)"
        case .complete(.waiting(let reason), _): return "answer waiting \(reason)"
        case .complete(.limits(let capacity, let inUse, let waiting), _):
            return "answer limits \(inUse) of \(capacity), \(waiting) wait"
        case .complete(.carried, _): return "answer carried"
        case .complete(.addresses(let both), _): return "answer addresses \(both.words)"
        case .complete(.later(let code), _): return "answer news \(code)"
        }
    }
}

extension RequestReader.Read {
    var words: String {
        switch self {
        case .needMore: return "need more"
        case .malformed(let offset): return "request malformed \(offset)"
        case .complete(.open(let flow, let handle), _):
            return "request open \(flow.words)" + (handle.map { "; handle \(hex($0.bytes))" } ?? "")
        case .complete(.watch, _): return "request watch"
        }
    }
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

func bytes(ofHex hex: String) -> [UInt8] {
    stride(from: 0, to: hex.count, by: 2).compactMap { at in
        let start = hex.index(hex.startIndex, offsetBy: at)
        return UInt8(hex[start..<hex.index(start, offsetBy: 2)], radix: 16)
    }
}
