import XCTest

@testable import BridgeContract

/// The codec against the vectors that the hop's tests use as well.
final class VectorTest: XCTestCase {
    func testReadsEveryAnswerAsExpectedAndAsksForMoreBeforeItsEnd() throws {
        let vectors = try VectorFile.all().filter { $0.expect.hasPrefix("answer ") }
        XCTAssertGreaterThan(vectors.count, 25)
        for vector in vectors {
            let read = AnswerReader.read(vector.bytes)
            if case .complete(let answer, let length) = read {
                XCTAssertEqual(length, vector.bytes.count, vector.name)
                for count in 0..<length {
                    guard case .needMore(let total) = AnswerReader.read(Array(vector.bytes[..<count])) else {
                        return XCTFail("\(vector.name) at \(count) bytes")
                    }
                    XCTAssertTrue((count + 1...length).contains(total), vector.name)
                }
                XCTAssertEqual(AnswerReader.read(vector.bytes + [0x55]), read, vector.name)
                // The version and ignored notices aren't kept.
                if vector.bytes[2] == Contract.version, !vector.expect.hasPrefix("answer news") {
                    XCTAssertEqual(answer.encode(), vector.bytes, vector.name)
                }
            }
            if !vector.expect.contains("[") {
                XCTAssertEqual(read.words, vector.expect, vector.name)
            }
        }
    }

    func testReadsEveryRequestAsExpectedAndAsksForMoreBeforeItsEnd() throws {
        let vectors = try VectorFile.all().filter { $0.expect.hasPrefix("request ") }
        XCTAssertGreaterThan(vectors.count, 20)
        for vector in vectors {
            let read = RequestReader.read(vector.bytes)
            if case .complete(_, let length) = read {
                XCTAssertEqual(length, vector.bytes.count, vector.name)
                for count in 0..<length {
                    XCTAssertEqual(RequestReader.read(Array(vector.bytes[..<count])), .needMore, vector.name)
                }
            }
            if vector.expect.contains("[") {
                guard case .complete(.open(let flow, _), _) = read else { return XCTFail(vector.name) }
                XCTAssertEqual(flow.bytes, Array(vector.bytes[16..<52]), vector.name)
            } else {
                XCTAssertEqual(read.words, vector.expect, vector.name)
            }
        }
    }

    func testWritesEveryHeaderOfAnAppProxyProvider() throws {
        let vectors = try VectorFile.all().filter {
            $0.expect == "handed-over" && $0.says.contains("app-proxy-provider on macos")
        }
        XCTAssertGreaterThan(vectors.count, 6)
        for vector in vectors {
            let says = vector.says.components(separatedBy: "; ")
            func word(_ key: String) -> String? {
                says.first { $0.hasPrefix(key + " ") }.map { String($0.dropFirst(key.count + 1)) }
            }
            let addresses = Array(vector.bytes[16..<(vector.bytes[13] == Contract.familyTcp4 ? 28 : 52)])
            guard case .found(let flow) = FlowAddresses.read(addresses), let token = word("token").map(bytes(ofHex:)) else {
                return XCTFail(vector.name)
            }
            let numbers = stride(from: 0, to: 32, by: 4).map { integer(token[$0..<($0 + 4)]) as UInt32 }
            let header = HandOverHeader(
                flow: flow,
                originator: Originator(
                    token: try XCTUnwrap(AuditToken(numbers: numbers)), executable: word("executable"),
                    signingId: word("signing-id"), team: word("team"), cdhash: word("cdhash").map(bytes(ofHex:))),
                handle: word("handle").flatMap { Handle(bytes(ofHex: $0)) },
                hostName: word("name").flatMap(HostName.init))
            XCTAssertEqual(
                header.encode(withChecksum: vector.name.contains("checksum")).map(hex), hex(vector.bytes), vector.name)
        }
    }

    /// The names that a hop refuses are those that no header of an agent has.
    func testHasNoNameThatAHopRefuses() throws {
        let vectors = try VectorFile.all().filter { $0.name.hasPrefix("malformed-name-") }
        XCTAssertGreaterThan(vectors.count, 8)
        for vector in vectors where !["malformed-name-twice.txt", "malformed-name-upper-case.txt"].contains(vector.name) {
            guard let at = vector.bytes.lastIndex(of: Contract.authority, followedByRestOf: vector.bytes) else {
                return XCTFail(vector.name)
            }
            let name = String(decoding: vector.bytes[(at + 3)...], as: UTF8.self)
            if vector.name == "malformed-name-dot.txt" {
                XCTAssertEqual(HostName(name)?.text, String(name.dropLast()))
            } else {
                XCTAssertNil(HostName(name), vector.name)
            }
        }
    }
}

extension Array where Element == UInt8 {
    /// Where the last TLV of this type begins, one that ends where the header ends.
    fileprivate func lastIndex(of type: UInt8, followedByRestOf header: [UInt8]) -> Int? {
        (16..<(count - 2)).last { at in
            header[at] == type && at + 3 + Int(header[at + 1]) << 8 + Int(header[at + 2]) == count
        }
    }
}
