import Collector
import Configuration
import Delivery
import FoundationEssentials
import Logging

/// Tests a destination, even if it is not saved yet or its secret is not stored yet.
struct DestinationTrial {
    let administration: Administration

    init(of destination: Configuration.Destination, _ administration: Administration) {
        self.administration = administration.with(.deliver(destination.name))
    }

    /// Whether Tributary must store a secret for a destination: the destination needs a secret, and `secret_file` is not set.
    static func needsSecret(_ destination: Configuration.Destination) -> Bool {
        switch destination.type {
        case .s3: destination.credentials == .static && destination.settings.secretFile == nil
        case .http: destination.settings.secretFile == nil
        case .exec: false
        }
    }

    /// - Parameter secret: nil if the destination names a file with its secret, or needs none.
    func steps(
        _ destination: Configuration.Destination, network: Configuration.Network, secret: [UInt8]?
    ) async throws -> [DestinationStep] {
        guard let secret else { return try await Self.steps(destination, network) }
        return try await administration.keeper.withFile(secret) { file in
            var trial = destination
            trial.secretFile = file
            return try await Self.steps(trial, network)
        }
    }

    /// - Throws: exit code 78, with a message, if the destination can't be used at all.
    static func steps(
        _ destination: Configuration.Destination, _ network: Configuration.Network
    ) async throws -> [DestinationStep] {
        let factory = DestinationFactory(
            environment: ProcessInfo.processInfo.environment, userAgent: Version.userAgent,
            logger: Logger(label: "tributary") { _ in SwiftLogNoOpLogHandler() })
        do throws(DestinationProblem) {
            return await (try factory.make(destination, network: network)).check()
        } catch {
            Terminal.complain("tributary: \(error)")
            throw ExitStatus.configuration
        }
    }
}

extension DestinationStep {
    /// Whether the step succeeded.
    var isGood: Bool { remedy == nil }

    /// The lines that show the step to a person.
    func lines(_ terminal: Terminal) -> [String] {
        let first = "\(isGood ? terminal.green("✔") : terminal.red("✘")) \(name)  \(found)"
        return [first] + (remedy.map { ["  \($0)"] } ?? [])
    }
}
