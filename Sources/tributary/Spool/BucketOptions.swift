import ArgumentParser
import Collector
import Configuration
import CurlHTTPClient
import Delivery
import Fleet
import Logging
import Spool

/// The option `--bucket`: whether a command reads the bucket of a fleet instead of a spool on this host.
struct BucketOptions: ParsableArguments {
    @Flag(
        name: .customLong("bucket"),
        help: "Use the fleet's bucket, as configured in fleet.log, instead of a spool on this host.")
    var isOn = false

    /// Calls `body` with the seals of the configured fleet.
    ///
    /// - Throws: exit codes, after printing what is wrong.
    func reading(
        _ options: SpoolOptions, _ body: (SealList) async throws -> Void
    ) async throws {
        guard options.spool == nil else { throw ValidationError("--bucket and --spool can't be used together") }
        let configuration = try options.configured()
        guard let fleet = configuration.fleet else {
            Terminal.complain(
                "tributary: --bucket works only in a fleet, but the configuration has no section fleet")
            throw ExitStatus.configuration
        }
        let bucket: FleetBucket
        do throws(TransportError) {
            bucket = try FleetBucket(
                fleet, network: configuration.network, userAgent: Version.userAgent, connections: 16,
                logger: Logger(label: "tributary") { _ in SwiftLogNoOpLogHandler() })
        } catch {
            Terminal.complain("tributary: \(error.description)")
            throw ExitStatus.configuration
        }
        do {
            try await bucket.list.check()
            try await body(bucket.list)
        } catch {
            await bucket.shutdown()
            throw Self.exit(error)
        }
        await bucket.shutdown()
    }

    /// Prints the error, if it is not printed yet, and returns its exit code.
    private static func exit(_ error: any Error) -> any Error {
        switch error {
        case let problem as S3Problem:
            Terminal.complain("tributary: \(problem)")
            return problem.isFinal ? ExitStatus.dataError : ExitStatus.unavailable
        case SpoolError.file(let cause) where cause.path == StandardOutput.name: return ExitStatus.inputOutput
        case let problem as SpoolError: return SpoolOptions.failed(problem)
        default: return error
        }
    }
}

extension SpoolOptions {
    /// Refuses a command whose segments are in a fleet's bucket and not on this host.
    ///
    /// - Parameter instead: what the user can do; the message ends with this text.
    /// - Throws: exit code 64 on a host of a fleet, unless a spool is named.
    func refuseFleet(instead: String) throws {
        guard spool == nil, let fleet = try configured().fleet else { return }
        Terminal.complain(
            "tributary: this host is in the fleet \(fleet.name), whose spool is the bucket \(S3Address(fleet.log).shown): \(instead)"
        )
        throw ExitStatus.usage
    }

    static let useBucket = "use --bucket to read that spool, or --spool to name a spool on this host"
}
