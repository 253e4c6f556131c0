import FoundationEssentials

// The messages of etcd's JSON gateway (etcd.io/docs/v3.4/dev-guide/api_grpc_gateway): keys and values are Base64, 64-bit numbers are strings, and
// fields that are zero or false are absent.

/// A part of a transaction.
indirect enum EtcdOperation: Encodable, Sendable {
    /// One key, or, with `end`, the keys from `key` up to but not including `end`.
    case range(key: String, end: String?, isCountOnly: Bool = false, changedSince: Int64? = nil)
    case put(key: String, value: [UInt8], lease: Int64?)
    case delete(key: String)
    case transaction(EtcdTransaction)

    private enum Keys: String, CodingKey {
        case range = "request_range"
        case put = "request_put"
        case delete = "request_delete_range"
        case transaction = "request_txn"
    }

    private enum Fields: String, CodingKey {
        case key, value, lease
        case end = "range_end"
        case isCountOnly = "count_only"
        case changedSince = "min_mod_revision"
    }

    func encode(to encoder: any Encoder) throws {
        var operation = encoder.container(keyedBy: Keys.self)
        switch self {
        case .range(let key, let end, let isCountOnly, let changedSince):
            var fields = operation.nestedContainer(keyedBy: Fields.self, forKey: .range)
            try fields.encode(Data(key.utf8), forKey: .key)
            try fields.encodeIfPresent(end.map { Data($0.utf8) }, forKey: .end)
            if isCountOnly { try fields.encode(true, forKey: .isCountOnly) }
            try fields.encodeIfPresent(changedSince.map(String.init), forKey: .changedSince)
        case .put(let key, let value, let lease):
            var fields = operation.nestedContainer(keyedBy: Fields.self, forKey: .put)
            try fields.encode(Data(key.utf8), forKey: .key)
            try fields.encode(Data(value), forKey: .value)
            try fields.encodeIfPresent(lease.map(String.init), forKey: .lease)
        case .delete(let key):
            var fields = operation.nestedContainer(keyedBy: Fields.self, forKey: .delete)
            try fields.encode(Data(key.utf8), forKey: .key)
        case .transaction(let transaction): try operation.encode(transaction, forKey: .transaction)
        }
    }
}

/// Operations that etcd runs as a unit: those of `success` if all comparisons are true, otherwise those of `failure`.
struct EtcdTransaction: Encodable, Sendable {
    /// A condition: the key was created at this revision. Revision 0 means that the key does not exist.
    struct Comparison: Encodable, Sendable {
        let key: String
        let createRevision: Int64

        private enum Fields: String, CodingKey {
            case key, target, result
            case createRevision = "create_revision"
        }

        func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: Fields.self)
            try fields.encode(Data(key.utf8), forKey: .key)
            try fields.encode("CREATE", forKey: .target)
            try fields.encode("EQUAL", forKey: .result)
            try fields.encode(String(createRevision), forKey: .createRevision)
        }
    }

    var compare: [Comparison] = []
    var success: [EtcdOperation]
    var failure: [EtcdOperation] = []
}

/// A 64-bit number, which the gateway writes as a string.
struct EtcdInteger: Decodable, Sendable {
    let value: Int64

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            guard let number = Int64(text) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a number")
            }
            value = number
        } else {
            value = try container.decode(Int64.self)
        }
    }
}

/// The answer to a transaction. It may be nested in the answer to another transaction.
struct EtcdTransactionAnswer: Decodable, Sendable {
    struct Header: Decodable, Sendable {
        let revision: EtcdInteger?
    }

    struct Part: Decodable, Sendable {
        let range: EtcdRangeAnswer?
        let transaction: EtcdTransactionAnswer?

        private enum CodingKeys: String, CodingKey {
            case range = "response_range"
            case transaction = "response_txn"
        }
    }

    let header: Header?
    private let succeeded: Bool?
    private let responses: [Part]?

    /// Whether all comparisons were true. Then etcd ran the operations of `success`.
    var isDone: Bool { succeeded ?? false }
    var parts: [Part] { responses ?? [] }
    /// The revision of the whole store after the transaction.
    var revision: Int64 { header?.revision?.value ?? 0 }
}

struct EtcdRangeAnswer: Decodable, Sendable {
    struct Pair: Decodable, Sendable {
        let key: Data
        let value: Data?
        let createRevision: EtcdInteger?
        let lease: EtcdInteger?

        private enum CodingKeys: String, CodingKey {
            case key, value, lease
            case createRevision = "create_revision"
        }
    }

    private let kvs: [Pair]?
    private let count: EtcdInteger?

    var pairs: [Pair] { kvs ?? [] }
    /// The number of keys in the range.
    var total: Int { Int(count?.value ?? 0) }
}

struct EtcdLeaseAnswer: Decodable, Sendable {
    let id: EtcdInteger?
    /// The lease's time to live in seconds; absent if there is no such lease.
    let ttl: EtcdInteger?

    private enum CodingKeys: String, CodingKey {
        case id = "ID"
        case ttl = "TTL"
    }
}

/// The answer to a keep-alive call. Because this is a streaming call, the gateway puts the answer inside `result`.
struct EtcdKeepAliveAnswer: Decodable, Sendable {
    let result: EtcdLeaseAnswer?
}

struct EtcdEmptyAnswer: Decodable, Sendable {}

/// The error that etcd returns for a failed call.
struct EtcdFailure: Decodable, Sendable {
    let error: String?
    let message: String?
    let code: Int?
}
