import Foundation

/// The application that contains the system extension. It is run from a terminal, prints what it did, and ends.
@main
enum ThroughlineAgent {
    static let extensionIdentifier = "dev.throughline.agent.proxy"

    private static let usage = """
        usage: ThroughlineAgent install FILE   activates the extension and starts it as the property list says
               ThroughlineAgent stop           every flow goes its own way again; the extension stays
               ThroughlineAgent remove         takes configuration and extension away
        """

    static func main() async {
        do {
            try await run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            fputs("\(error)\n", stderr)
            exit(1)
        }
    }

    private static func run(_ arguments: [String]) async throws {
        switch (arguments.first, arguments.count) {
        case ("install", 2):
            let configuration = try ProxyConfiguration.read(URL(fileURLWithPath: arguments[1]))
            try await ExtensionRequest.activate(extensionIdentifier)
            try await ProxyConfiguration.start(configuration, extensionIdentifier)
            print("started; the extension's log says what it does")
        case ("stop", 1):
            try await ProxyConfiguration.stop(extensionIdentifier)
        case ("remove", 1):
            try await ProxyConfiguration.remove(extensionIdentifier)
            try await ExtensionRequest.deactivate(extensionIdentifier)
        default:
            fputs("\(usage)\n", stderr)
            exit(2)
        }
    }
}
