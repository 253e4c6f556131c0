import ArgumentParser
import CommandHints
import Configuration
import Setup

/// The flags of `add` and `edit`: one for each key of an integration.
struct IntegrationFields: ParsableArguments {
    @Option(help: "A description for people.") var description: String?
    @Option(help: "The org's address, as copied from a browser: https://acme.okta.com.") var url: String?
    @Flag(inversion: .prefixedNo, help: "Collect the System Log.") var dataIngest: Bool?
    @Flag(inversion: .prefixedNo, help: "Allow response actions, with a separate credential.")
    var responseAction: Bool?
    @Option(help: "The credential for reading the log.", completion: .names(of: .credentials)) var credential: String?
    @Option(
        help: "The credential for response actions; it needs write permission.", completion: .names(of: .credentials))
    var responseCredential: String?
    @Option(help: "The time from which the first run collects: a duration before now, an RFC 3339 time, or now.")
    var start: String?
    @Option(help: "An Okta filter expression; an empty one selects every event.") var filter: String?
    @Option(help: "How long to wait before the next request when all events have been collected; from 1s to 1h.")
    var pollInterval: String?
    @Option(help: "The number of events per request; from 1 to 1000.") var pageSize: String?
    @Option(help: "The share of the org's rate limit that Tributary may use for the log; above 0, up to 1.")
    var rateLimitShare: String?

    /// A flag that sets a key, with the key's path and the given value.
    private typealias KeyFlag = (flag: String, path: String, text: String?)

    /// The flags that set a key directly. The commands themselves handle the flags for purposes and credentials.
    private var keys: [KeyFlag] {
        [
            ("--description", "description", description), ("--url", "url", url),
            ("--start", "data_ingest.start", start), ("--filter", "data_ingest.filter", filter),
            ("--poll-interval", "data_ingest.poll_interval", pollInterval),
            ("--page-size", "data_ingest.page_size", pageSize),
            ("--rate-limit-share", "data_ingest.rate_limit_share", rateLimitShare),
        ]
    }

    private var credentials: [KeyFlag] {
        [
            ("--credential", IntegrationRecord.Kind.dataIngest.credential, credential),
            ("--response-credential", IntegrationRecord.Kind.responseAction.credential, responseCredential),
        ]
    }

    private var given: [KeyFlag] { (credentials + keys).filter { $0.text != nil } }

    var isEmpty: Bool { given.isEmpty && dataIngest == nil && responseAction == nil }

    /// Refuses a flag that would have no effect, such as `--filter` together with `--no-data-ingest`.
    func validate() throws {
        if dataIngest == false { try refuse(.dataIngest, "--no-data-ingest") }
        if responseAction == false { try refuse(.responseAction, "--no-response-action") }
    }

    /// Refuses flags that belong to the purpose `kind`, which `flag` switches off.
    private func refuse(_ kind: IntegrationRecord.Kind, _ flag: String) throws {
        guard let other = given.first(where: { $0.path.hasPrefix("\(kind.rawValue).") }) else { return }
        throw ValidationError("\(other.flag) has no effect together with \(flag): omit one of them")
    }

    /// Sets the keys whose flags are given; an empty value removes a key.
    func apply(to record: inout IntegrationRecord) throws {
        for (flag, path, text) in keys {
            guard let text else { continue }
            do throws(ValueError) {
                try record.set(path, to: text.isEmpty ? nil : text)
            } catch {
                throw ValidationError("\(flag): \(error)")
            }
        }
    }
}

extension IntegrationRecord {
    /// Parses the name of an integration or destination from the command line.
    static func name(_ text: String) throws -> Name {
        do throws(ValueError) {
            return try Name(parsing: text)
        } catch {
            throw ValidationError("NAME: \(error)")
        }
    }
}

extension Configuration {
    /// The integration with this name.
    ///
    /// - Throws: exit code 66, with a message, if no integration has this name.
    func known(_ text: String) throws -> Integration {
        if let integration = integration(named: text) { return integration }
        throw Failure(
            "tributary: there is no integration \(LiteralSecret.quoted(text)); see \(CommandHint.command("integration list"))",
            ExitStatus.noInput)
    }
}
