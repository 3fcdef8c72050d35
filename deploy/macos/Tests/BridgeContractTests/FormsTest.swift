import XCTest

@testable import BridgeContract

/// Forms that the vectors do not cover.
final class FormsTest: XCTestCase {
    private let token = AuditToken(numbers: [1, 2, 3, 4, 5, 6, 7, 8])!

    func testTakesRealUserAndRealGroupFromTheToken() throws {
        let flow = try XCTUnwrap(
            FlowAddresses(
                source: XCTUnwrap(Endpoint(address: [192, 0, 2, 1], port: 1)),
                destination: XCTUnwrap(Endpoint(address: [192, 0, 2, 2], port: 2))))
        let header = try XCTUnwrap(HandOverHeader(flow: flow, originator: Originator(token: token)).encode())

        XCTAssertTrue(hex(header).contains("08000c000000040000000200000005"), "real user, effective user, real group")
    }

    func testReadsATokenInTheOrderOfThisMachine() {
        let native = token.numbers.flatMap { number in withUnsafeBytes(of: number) { Array($0) } }

        XCTAssertEqual(AuditToken(native: native), token)
        XCTAssertEqual(token.native, native)
        XCTAssertNil(AuditToken(native: Array(native.dropLast())))
    }

    func testLeavesOutWhatIsNoPlainTextOrTooLong() {
        XCTAssertNil(PlainText.bytes("/tmp/a\nb"))
        XCTAssertNil(PlainText.bytes("/tmp/\u{202E}txt.exe"))
        XCTAssertNil(PlainText.bytes(""))
        XCTAssertNil(PlainText.bytes(String(repeating: "a", count: 1025)))
        XCTAssertEqual(PlainText.bytes("/Applications/Überweisung.app"), Array("/Applications/Überweisung.app".utf8))
    }

    func testTheLongestHeaderFits() throws {
        let long = String(repeating: "a", count: 1024)
        let label = String(repeating: "b", count: 63)
        let most = HandOverHeader(
            flow: try XCTUnwrap(
                FlowAddresses(
                    source: XCTUnwrap(Endpoint(address: [UInt8](repeating: 1, count: 16), port: 1)),
                    destination: XCTUnwrap(Endpoint(address: [UInt8](repeating: 2, count: 16), port: 1)))),
            originator: Originator(
                token: token, executable: long, signingId: long, team: long, cdhash: [UInt8](repeating: 3, count: 20)),
            handle: Handle([UInt8](repeating: 4, count: 32)),
            hostName: try XCTUnwrap(HostName("\(label).\(label).\(label).\(String(label.dropLast(2)))")))

        XCTAssertNotNil(most.encode(withChecksum: true))
    }

    func testNamesAreWrittenInOneWay() {
        XCTAssertEqual(HostName("WWW.Example.COM.")?.text, "www.example.com")
        XCTAssertNil(HostName("."))
        XCTAssertNil(HostName("198.51.100.80"))
        XCTAssertNil(HostName("2001:db8::1"))
        XCTAssertNil(HostName("bücher.example"))
    }

    func testAMappedAddressIsTheIpv4AddressThatItIs() {
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 192, 0, 2, 1]

        XCTAssertEqual(Endpoint(address: mapped, port: 80), Endpoint(address: [192, 0, 2, 1], port: 80))
        XCTAssertNil(Endpoint(address: [1, 2, 3], port: 80))
    }

    func testAddressesAreOfOneFamilyAndSayWhich() throws {
        let ipv4 = try XCTUnwrap(Endpoint(address: [192, 0, 2, 1], port: 40000))
        let ipv6 = try XCTUnwrap(Endpoint(address: [UInt8](repeating: 0xAB, count: 16), port: 443))

        XCTAssertNil(FlowAddresses(source: ipv4, destination: ipv6))
        for (end, count) in [(ipv4, 19), (ipv6, 43)] {
            let both = try XCTUnwrap(FlowAddresses(source: end, destination: end))
            let bytes = Answer.addresses(both).encode()
            XCTAssertEqual(bytes.count, count)
            XCTAssertEqual(AnswerReader.read(bytes), .complete(.addresses(both), length: count))
            XCTAssertEqual(AnswerReader.read(bytes.replacing(6, with: 0x12)), .malformed(offset: 6))
        }
    }
}

extension Array {
    fileprivate func replacing(_ index: Int, with element: Element) -> [Element] {
        var copy = self
        copy[index] = element
        return copy
    }
}
