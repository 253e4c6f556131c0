import CommandHints
import Configuration
import CurlHTTPClient
import Logging
import Spool
import Synchronization
import Time

/// A server that receives records over HTTP. A segment is sent in batches of limited size, and is delivered once the last batch is durable.
package final class HTTPDestination: Destination {
    /// The progress of a segment of which some batches have been sent.
    private struct Begun {
        /// The number of durable records, in whole batches.
        var records = 0
        var wereThere = 0
        /// Whether some records may be stored twice: a batch failed, but the server may have stored it, and does not recognize repeats.
        var mayBeTwice = false
    }

    private struct State {
        var begun: [String: Begun] = [:]
        var requests = 0
        /// The size limit for requests in bytes. It is lowered after an answer with status 413, unless segments must always be cut into the same
        /// batches.
        var limit: Int
    }

    /// The lowest value in bytes to which ``State/limit`` is lowered. A batch that is still too large is divided further, down to single records.
    private static let smallest = 16 << 10
    /// How often the server is asked whether a batch is durable.
    private static let askAgain = Duration.seconds(1)
    /// After this time, a batch that the server has not reported as durable counts as failed.
    private static let askFor = Duration.seconds(300)

    private let service: any RecordService
    private let secret: SecretFile<String, SecretFileError>
    private let transport: any HTTPTransport
    private let timeout: Duration
    private let now: @Sendable () -> Int64
    private let state: Mutex<State>

    /// - Parameters:
    ///   - secretFile: a file that contains only a token or password.
    ///   - requestBytes: the maximum size of a request's body. A request with a single record may exceed it.
    ///   - timeout: the time limit for one request.
    init(
        _ service: any RecordService, transport: any HTTPTransport, secretFile: String, requestBytes: Int,
        timeout: Duration, now: @escaping @Sendable () -> Int64 = { UTCTime.now().milliseconds }
    ) {
        self.service = service
        self.transport = transport
        self.timeout = timeout
        self.now = now
        state = Mutex(State(limit: requestBytes))
        secret = SecretFile(path: secretFile, maximumBytes: 16 << 10) { text throws(SecretFileError) in
            guard let secret = ServiceSecret(text) else { throw .malformed(place: secretFile) }
            return secret.text
        }
    }

    package var guarantee: DeliveryGuarantee { service.guarantee }
    package var place: String { service.place }
    package var requests: Int { state.withLock { $0.requests } }

    package func deliver(_ segment: DeliverySegment) async -> DeliveryOutcome {
        var begun = state.withLock { $0.begun[segment.path] ?? Begun() }
        do throws(SpoolError) {
            // The segment is checked before sending, because the server can't recognize a damaged segment.
            guard try FileDigest.sha256(of: segment.file) == segment.sha256 else {
                return .refused(
                    DeliveryTrouble(
                        "\(segment.path) differs from the segment that was sealed",
                        remedy: DeliveryTrouble.damageRemedy)
                )
            }
            let service = service
            let cutter = try BatchCutter(segment.file, skipping: begun.records) {
                service.part($0, number: $1, of: segment)
            }
            while let batch = try cutter.next(limit: state.withLock { $0.limit }) {
                if let outcome = await store(batch, of: segment, &begun) {
                    state.withLock { $0.begun[segment.path] = begun }
                    return outcome
                }
                begun.records = batch.last
            }
            guard cutter.read == segment.records else {
                return .refused(
                    DeliveryTrouble(
                        "\(segment.path) has \(cutter.read) records, but \(segment.records) according to the manifest",
                        remedy: DeliveryTrouble.damageRemedy))
            }
        } catch {
            return Self.unreadable(segment, error)
        }
        state.withLock { $0.begun[segment.path] = nil }
        let isRepeat = begun.mayBeTwice || (segment.records > 0 && begun.wereThere == segment.records)
        return .delivered(wasThere: isRepeat)
    }

    /// Makes a batch durable, in several requests if the server accepts only smaller ones. Returns nil on success, otherwise the outcome of the
    /// failed attempt.
    private func store(_ batch: RecordBatch, of segment: DeliverySegment, _ begun: inout Begun) async
        -> DeliveryOutcome?
    {
        var waiting = [batch]
        while let next = waiting.popLast() {
            var verdict = await send(next, of: segment)
            if case .success(.taken(let ticket)) = verdict { verdict = await confirm(ticket) }
            switch verdict {
            case .success(.stored(let wasThere)): begun.wereThere += wasThere
            case .success(.tooLarge):
                guard let (left, right) = next.halves else {
                    return .refused(
                        DeliveryTrouble(
                            "record \(next.first) of \(segment.path) is too large for the server: the request has \(next.body.count) bytes",
                            remedy: "Raise the server's size limit for requests"))
                }
                if !service.knowsBatches {
                    state.withLock { $0.limit = min($0.limit, max(next.body.count / 2, Self.smallest)) }
                }
                waiting += [right, left]
            case .success(.notYet(let trouble, let retryAfter)):
                begun.mayBeTwice = begun.mayBeTwice || service.guarantee == .atLeastOnce
                return .notYet(trouble, retryAfter: retryAfter)
            case .success(.refused(let trouble)): return .refused(trouble)
            case .success(.taken): return .notYet(Self.unconfirmed(service.place), retryAfter: nil)
            case .failure(let failure):
                begun.mayBeTwice = begun.mayBeTwice || (service.guarantee == .atLeastOnce && failure.wasSent)
                return failure.outcome
            }
        }
        return nil
    }

    /// Why a request got no answer.
    private struct Failure: Error {
        let outcome: DeliveryOutcome
        /// Whether the server may have received the request.
        let wasSent: Bool
    }

    private func send(_ batch: RecordBatch, of segment: DeliverySegment) async -> Result<BatchVerdict, Failure> {
        await ask(service.request(batch, of: segment)).map { service.verdict($0, to: batch, of: segment) }
    }

    /// Queries the server until it reports that a batch is durable, a query fails, or the time limit is reached.
    private func confirm(_ ticket: Int) async -> Result<BatchVerdict, Failure> {
        let end = ContinuousClock.now + Self.askFor
        while let question = service.question(about: ticket), ContinuousClock.now < end {
            switch await ask(question) {
            case .failure(let failure): return .failure(Failure(outcome: failure.outcome, wasSent: true))
            case .success(let answer):
                if service.isDurable(answer, ticket: ticket) == true { return .success(.stored(wasThere: 0)) }
            }
            do {
                try await Task.sleep(for: Self.askAgain, clock: .continuous)
            } catch {
                return .failure(Failure(outcome: .cancelled, wasSent: true))
            }
        }
        return .success(.notYet(Self.unconfirmed(service.place), retryAfter: nil))
    }

    private static func unconfirmed(_ place: String) -> DeliveryTrouble {
        DeliveryTrouble(
            "\(place) accepted records, but did not confirm within 300 s that they are durable",
            remedy: "Tributary sends the records again; check the state of Splunk's indexers")
    }

    private func ask(_ bare: HTTPRequest) async -> Result<ServiceAnswer, Failure> {
        var request = bare
        request.addressName = "“url”"
        request.limits = HTTPLimits(
            connect: .seconds(10), total: timeout, stall: timeout, bodyBytes: 4 << 20, headerBytes: 64 << 10)
        do throws(SecretFileError) {
            service.authorize(&request, try secret.value())
        } catch {
            return .failure(
                Failure(outcome: .notYet(Self.noSecret(secret.path, error), retryAfter: nil), wasSent: false))
        }
        state.withLock { $0.requests += 1 }
        do throws(TransportError) {
            let response = try await transport.send(request)
            let host = HTTPURL(request.url)?.hostAndPort ?? service.place
            return .success(ServiceAnswer(response: response, host: host, now: now()))
        } catch {
            switch error.kind {
            case .cancelled, .shutDown: return .failure(Failure(outcome: .cancelled, wasSent: true))
            default:
                let isEarly = [.resolve, .connect, .proxy, .tls, .invalidRequest].contains(error.kind)
                return .failure(
                    Failure(
                        outcome: .notYet(DeliveryTrouble(error, addressName: "“url”"), retryAfter: nil),
                        wasSent: !isEarly))
            }
        }
    }

    private static func noSecret(_ path: String, _ error: SecretFileError) -> DeliveryTrouble {
        let why =
            switch error {
            case .unreadable(_, let reason): "can't be read: \(reason)"
            default: "does not contain exactly one line of text"
            }
        return DeliveryTrouble(
            "the secret file \(path) \(why)",
            remedy:
                "Store only the token or password in that file, with `\(CommandHint.command("credential add NAME --for deliver/NAME"))`; "
                + "Tributary then reads the file again")
    }

    private static func unreadable(_ segment: DeliverySegment, _ error: SpoolError) -> DeliveryOutcome {
        switch error {
        case .damaged, .tooMuch:
            .refused(
                DeliveryTrouble(
                    "\(error)", remedy: DeliveryTrouble.damageRemedy))
        default:
            .notYet(
                DeliveryTrouble(
                    "\(segment.file) can't be read: \(error)",
                    remedy: "Make the service's user a member of the spool's group"), retryAfter: nil)
        }
    }

    package func check() async -> [DestinationStep] {
        do throws(SecretFileError) {
            _ = try secret.value()
        } catch {
            return [DestinationStep("secret", Self.noSecret(secret.path, error))]
        }
        let steps = await service.check { request in
            switch await self.ask(request) {
            case .success(let answer): return .success(answer)
            case .failure(let failure):
                guard case .notYet(let trouble, _) = failure.outcome else {
                    return .failure(DeliveryTrouble("stopped", remedy: "Try again"))
                }
                return .failure(trouble)
            }
        }
        return [DestinationStep("secret", "the secret exists")] + steps + [
            DestinationStep("guarantee", guarantee.words)
        ]
    }
}
