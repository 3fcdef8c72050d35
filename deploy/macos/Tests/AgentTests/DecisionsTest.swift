import BridgeContract
import Foundation
import XCTest

@testable import Agent

/// Decisions that the agent makes without the hop.
final class DecisionsTest: XCTestCase {
    private let hop: [String: Any] = ["hopSocket": "/hop.sock", "hopUser": 990]

    private func token(pid: UInt32, user: UInt32) throws -> AuditToken {
        try XCTUnwrap(AuditToken(numbers: [user, user, 20, user, 20, pid, 100, 7]))
    }

    private func interception(_ token: AuditToken?, isTcp: Bool = true, isLeftAlone: Bool = false) throws -> Interception {
        Interception.of(
            isTcp: isTcp, token: token, ownPid: 77, configuration: try AgentConfiguration(hop),
            isLeftAlone: { _ in isLeftAlone })
    }

    func testHandsOverWhatOthersOpen() throws {
        let application = try token(pid: 612, user: 501)

        XCTAssertEqual(try interception(application), .handOver(application))
    }

    func testLeavesAloneItsOwnAndTheHopsConnectionsAndWhatIsNoTcp() throws {
        XCTAssertEqual(try interception(token(pid: 77, user: 0)), .leave)
        XCTAssertEqual(try interception(token(pid: 612, user: 990)), .leave)
        XCTAssertEqual(try interception(token(pid: 612, user: 501), isTcp: false), .leave)
        XCTAssertEqual(try interception(token(pid: 612, user: 501), isLeftAlone: true), .leave)
    }

    func testRefusesWhatNobodyIsKnownToHaveOpened() throws {
        XCTAssertEqual(try interception(nil), .refuse)
    }

    func testReadsAConfiguration() throws {
        let configuration = try AgentConfiguration(
            hop.merging([
                "hopRequirement": "anchor apple generic", "openingSocket": "/agent.sock", "leftAlone": ["anchor apple"],
                "answerSeconds": 30, "capacity": 0,
            ]) { $1 })

        XCTAssertEqual(configuration.hopSocket, "/hop.sock")
        XCTAssertEqual(configuration.hopUser, 990)
        XCTAssertEqual(configuration.hopRequirement, "anchor apple generic")
        XCTAssertEqual(configuration.openingSocket, "/agent.sock")
        XCTAssertEqual(configuration.leftAlone, ["anchor apple"])
        XCTAssertEqual(configuration.answerSeconds, 30)
        XCTAssertEqual(configuration.capacity, 0)
        XCTAssertNil(try AgentConfiguration(hop).capacity)
        XCTAssertEqual(try AgentConfiguration(hop).answerSeconds, 15)
    }

    func testSaysWhatIsWrongWithAConfiguration() {
        let wrong: [([String: Any], String)] = [
            ([:], "hopSocket is missing"),
            (["hopSocket": "/hop.sock"], "hopUser is missing"),
            (hop.merging(["hopUsr": 1]) { $1 }, "hopUsr isn't a key"),
            (hop.merging(["hopSocket": "hop.sock"]) { $1 }, "hopSocket isn't an absolute path of at most 103 bytes"),
            (hop.merging(["hopUser": -1]) { $1 }, "hopUser isn't between 0 and 4294967294"),
            (hop.merging(["hopUser": "root"]) { $1 }, "hopUser isn't a number"),
            (hop.merging(["leftAlone": "curl"]) { $1 }, "leftAlone isn't a list of texts"),
            (hop.merging(["answerSeconds": 0]) { $1 }, "answerSeconds isn't between 1 and 120"),
        ]
        for (values, problem) in wrong {
            XCTAssertThrowsError(try AgentConfiguration(values)) { error in
                XCTAssertEqual("\(error)", problem)
            }
        }
    }

    func testAHandleNamesAFlowWhileItIsOpenAndNoneOfAnotherRun() {
        let flows = OpenFlows<String>(salt: 1)
        let first = flows.add("first")
        let second = flows.add("second")

        XCTAssertEqual(flows[first], "first")
        XCTAssertEqual(flows[second], "second")
        XCTAssertNil(OpenFlows<String>(salt: 2)[first])
        flows.remove(first)
        XCTAssertNil(flows[first])
    }

    func testAPlaceIsReleasedOnce() {
        let places = Places(capacity: 0)
        var changes = 0
        places.changed = { changes += 1 }
        let place = places.take()
        place.waits = true
        place.waits = true
        place.release()
        place.release()
        place.waits = true

        XCTAssertEqual(places.limits, .limits(capacity: 0, inUse: 0, waiting: 0))
        XCTAssertEqual(changes, 4)
    }

    func testFailuresAreForgotten() {
        var budget = FailureBudget()
        let start = DispatchTime.now()
        for _ in 0..<Contract.failedRequestsMost {
            budget.failed(at: start)
        }

        XCTAssertTrue(budget.isSpent(at: start))
        XCTAssertTrue(budget.isSpent(at: start + .seconds(9)))
        XCTAssertFalse(budget.isSpent(at: start + .seconds(10)))
    }

    func testTellsApplicationsWhatTheNetworkDid() {
        XCTAssertEqual(ApplicationError.of("connect-timeout"), .timedOut)
        XCTAssertEqual(ApplicationError.of("connect-unreachable"), .unreachable)
        XCTAssertEqual(ApplicationError.of("policy-denied"), .aborted)
    }
}
