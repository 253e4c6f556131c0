import Configuration
import OktaAPI

/// Asks each org whether it is one and whether it takes the credential: `tributary check --online`. Two requests an
/// integration, one of them of the log's budget.
package struct OnlineCheck: Sendable {
    /// How bad it is, in ascending order.
    package enum Verdict: Int, Comparable, Sendable {
        case good
        case unreachable
        case refused

        package static func < (left: Verdict, right: Verdict) -> Bool { left.rawValue < right.rawValue }
    }

    /// What came of one integration, in words.
    package struct Answer: Sendable {
        package let verdict: Verdict
        package let words: String
    }

    private let transport: CurlTransport
    private let credentials: CredentialStore

    /// - Throws: `Daemon.StartError.configuration` when proxy or CA can't be used.
    package init(_ configuration: Configuration) throws(Daemon.StartError) {
        transport = try CurlTransport(configuration)
        credentials = CredentialStore(transport: transport)
    }

    package func shutdown() async {
        await transport.shutdown()
    }

    /// Asks one org.
    package func ask(_ integration: Configuration.Integration) async -> Answer {
        guard let ingest = integration.dataIngest else { return Answer(verdict: .good, words: "collects nothing") }
        let org: OrgProbe
        do throws(TransportError) {
            guard let probe = OrgProbe(try await transport.send(OrgProbe.request(integration.url))) else {
                return Answer(verdict: .refused, words: "answers, but not as an Okta org; check the URL")
            }
            org = probe
        } catch {
            return Answer(verdict: .unreachable, words: error.description)
        }
        let found = "organization \(org.organizationID)\(org.pipeline.map { ", \($0.words)" } ?? "")"
        // The pager reads an answer as the daemon would; it is asked for its first step only.
        let now = UTCTime(milliseconds: WallClock.now())
        let clock = ContinuousClock()
        let query = LogQuery(org: integration.url, filter: ingest.filter, pageLimit: 1)
        guard
            var pager = try? LogPager(
                query, place: LogPlace(since: now.milliseconds, fingerprint: query.fingerprint), pollInterval: .zero,
                seed: 0, now: clock.now, wall: now),
            case .request(let page) = pager.nextStep(now: clock.now)
        else { return Answer(verdict: .refused, words: "\(found); the log can't be asked for") }
        let result: Result<HTTPResponse, TransportError>
        do throws(AuthorizedTransport.Failure) {
            let credential = credentials.credential(ingest.credential, at: integration.url)
            result = .success(try await AuthorizedTransport(transport).send(page.request, as: credential))
        } catch {
            switch error {
            case .credential(let error): return Answer(verdict: .refused, words: "\(found); \(error)")
            case .transport(let error): result = .failure(error)
            }
        }
        switch pager.received(result, now: clock.now) {
        case .page, .held:
            let limit = pager.rateLimit?.limit.map { ", \($0) requests a minute" } ?? ""
            return Answer(verdict: .good, words: "\(found); credential accepted, the log can be read\(limit)")
        case .trouble(let trouble):
            let isUnreachable = trouble.kind == .unreachable || trouble.kind == .serverFailure
            return Answer(
                verdict: isUnreachable ? .unreachable : .refused, words: "\(found); \(trouble.what). \(trouble.advice)")
        }
    }
}

extension CurlTransport {
    /// The transport that a configuration asks for.
    convenience init(_ configuration: Configuration) throws(Daemon.StartError) {
        do throws(TransportError) {
            try self.init(
                Options(
                    userAgent: Version.userAgent, caFile: configuration.network.caFile,
                    proxy: configuration.network.proxy?.text))
        } catch {
            throw .configuration(error.description)
        }
    }
}

extension OrgProbe.Pipeline {
    fileprivate var words: String {
        switch self {
        case .identityEngine: "Identity Engine"
        case .classic: "Classic Engine"
        case .other(let word): word
        }
    }
}
