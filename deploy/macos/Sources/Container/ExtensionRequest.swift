import Foundation
import SystemExtensions

/// One request to the system to activate or deactivate the extension; the system answers when the user has approved.
final class ExtensionRequest: NSObject, OSSystemExtensionRequestDelegate {
    private var answer: CheckedContinuation<Void, Error>?

    static func activate(_ identifier: String) async throws {
        try await ExtensionRequest().submit(
            OSSystemExtensionRequest.activationRequest(forExtensionWithIdentifier: identifier, queue: .main))
    }

    static func deactivate(_ identifier: String) async throws {
        try await ExtensionRequest().submit(
            OSSystemExtensionRequest.deactivationRequest(forExtensionWithIdentifier: identifier, queue: .main))
    }

    private func submit(_ request: OSSystemExtensionRequest) async throws {
        // The request has only a weak reference to its delegate; this keeps it until the answer.
        request.delegate = self
        try await withCheckedThrowingContinuation { continuation in
            answer = continuation
            OSSystemExtensionManager.shared.submitRequest(request)
        }
    }

    func request(
        _ request: OSSystemExtensionRequest, actionForReplacingExtension existing: OSSystemExtensionProperties,
        withExtension new: OSSystemExtensionProperties
    ) -> OSSystemExtensionRequest.ReplacementAction {
        print("replaces version \(existing.bundleShortVersion) (\(existing.bundleVersion))")
        return .replace
    }

    func requestNeedsUserApproval(_ request: OSSystemExtensionRequest) {
        print("waits for an administrator: System Settings, General, Login Items & Extensions, Network Extensions")
    }

    func request(_ request: OSSystemExtensionRequest, didFinishWithResult result: OSSystemExtensionRequest.Result) {
        if result == .willCompleteAfterReboot {
            print("completes after a restart of this Mac")
        }
        answer?.resume()
        answer = nil
    }

    func request(_ request: OSSystemExtensionRequest, didFailWithError error: Error) {
        answer?.resume(throwing: error)
        answer = nil
    }
}
