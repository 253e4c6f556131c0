import ResponseLog

/// A line of the helper's answer, `{"kind":"step",…}`. ``isFinal`` is true for the last line, after which the helper closes the connection.
package enum ResponseAnswer: Equatable, Sendable {
    /// The largest size of a line in bytes, including the newline. The longest line is a report, which contains an entry for each step.
    package static let lineLimit = 1 << 20

    case outlook(ResponseOutlook)
    /// A step of the request has ended; the entry contains its result.
    case step(ResponseEntry)
    case report(ResponseReport)
    case capabilities([ResponseCapability])
    /// One entry of the history, newest first; ``end`` follows the last one.
    case history(ResponseEntry)
    case end
    /// The request that would undo an action.
    case undo(ResponseRequest)
    /// The events that were committed, and the calls whose events were still missing when the wait ended.
    case seen([CommittedActions.Action], missing: [CommittedActions.Awaited])
    case error(ResponseFault)

    /// Whether this is the last line.
    package var isFinal: Bool {
        switch self {
        case .step, .history: false
        case .outlook, .report, .capabilities, .end, .undo, .seen, .error: true
        }
    }
}

/// Why the helper refuses a request.
package struct ResponseFault: Error, Codable, Equatable, Sendable {
    package enum Code: String, Codable, Sendable {
        /// The client's line is not a valid request, is too long, or came too late.
        case badRequest = "bad-request"
        /// The maximum number of connections is reached, or no thread can be started.
        case busy
        /// The peer is not root and not a member of the socket's group.
        case notAllowed = "not-allowed"
        /// The log has no action with the requested id.
        case notFound = "not-found"
        /// The action has no opposite, or there is nothing to undo.
        case noOpposite = "no-opposite"
        /// The response log can't be read.
        case unavailable
        /// The helper is being stopped, or reloads its configuration.
        case stopping
    }

    package var code: Code
    /// The reason as text for a person.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension ResponseAnswer: Codable {
    private enum Kind: String, Codable {
        case outlook, step, report, capabilities, history, end, undo, seen, error
    }

    private enum Key: String, CodingKey {
        case kind, outlook, entry, report, capabilities, request, seen, missing, error
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        func put(_ kind: Kind, _ value: some Encodable, _ key: Key) throws {
            try container.encode(kind, forKey: .kind)
            try container.encode(value, forKey: key)
        }
        switch self {
        case .outlook(let outlook): try put(.outlook, outlook, .outlook)
        case .step(let entry): try put(.step, entry, .entry)
        case .report(let report): try put(.report, report, .report)
        case .capabilities(let rows): try put(.capabilities, rows, .capabilities)
        case .history(let entry): try put(.history, entry, .entry)
        case .end: try container.encode(Kind.end, forKey: .kind)
        case .undo(let request): try put(.undo, request, .request)
        case .seen(let seen, let missing):
            try put(.seen, seen, .seen)
            try container.encode(missing, forKey: .missing)
        case .error(let fault): try put(.error, fault, .error)
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func get<Value: Decodable>(_ key: Key) throws -> Value { try container.decode(Value.self, forKey: key) }
        switch try container.decode(Kind.self, forKey: .kind) {
        case .outlook: self = .outlook(try get(.outlook))
        case .step: self = .step(try get(.entry))
        case .report: self = .report(try get(.report))
        case .capabilities: self = .capabilities(try get(.capabilities))
        case .history: self = .history(try get(.entry))
        case .end: self = .end
        case .undo: self = .undo(try get(.request))
        case .seen: self = .seen(try get(.seen), missing: try get(.missing))
        case .error: self = .error(try get(.error))
        }
    }
}
