// swift-tools-version: 5.9
import PackageDescription

// The parts that need no framework of Apple, and so are built and tested by "swift build" and "swift test" on macOS and Linux. The
// extension and its container are targets of an Xcode project: README.md says how.
let package = Package(
    name: "ThroughlineAgent",
    platforms: [.macOS(.v13)],
    products: [.library(name: "Agent", targets: ["BridgeContract", "Agent"])],
    targets: [
        .target(name: "BridgeContract"),
        .target(name: "Agent", dependencies: ["BridgeContract"]),
        .testTarget(name: "BridgeContractTests", dependencies: ["BridgeContract"]),
        .testTarget(name: "AgentTests", dependencies: ["Agent", "BridgeContract"]),
    ]
)
