/// The kinds of observables in records, with OCSF's ids.
enum ObservableKind: UInt8 {
    case ip = 2
    case userName = 4
    case email = 5
    case country = 14
    case userAgent = 16
    case userUID = 31
    case groupName = 32
    case groupUID = 33
    case deviceUID = 47

    var rendered: StaticString {
        switch self {
        case .ip: "\"type_id\":2,\"type\":\"IP Address\","
        case .userName: "\"type_id\":4,\"type\":\"User Name\","
        case .email: "\"type_id\":5,\"type\":\"Email Address\","
        case .country: "\"type_id\":14,\"type\":\"Country\","
        case .userAgent: "\"type_id\":16,\"type\":\"HTTP User-Agent\","
        case .userUID: "\"type_id\":31,\"type\":\"User Object: uid\","
        case .groupName: "\"type_id\":32,\"type\":\"Group Object: name\","
        case .groupUID: "\"type_id\":33,\"type\":\"Group Object: uid\","
        case .deviceUID: "\"type_id\":47,\"type\":\"Device Object: uid\","
        }
    }
}

/// The elements of `observables[]`: for each, its path in the record, its kind, and its value, which is a slice of the event.
struct ObservableList: ~Copyable {
    struct Entry {
        var path: StaticString
        var kind: ObservableKind
        var value: JSONText
    }

    /// The maximum number of entries, more than the mapping ever uses in one record.
    static let capacity = 32

    private let entries: UnsafeMutablePointer<Entry>
    private(set) var count = 0
    private let isOn: Bool

    init(isOn: Bool) {
        self.isOn = isOn
        entries = .allocate(capacity: Self.capacity)
    }

    deinit { entries.deallocate() }

    mutating func removeAll() { count = 0 }

    mutating func add(_ path: StaticString, _ kind: ObservableKind, _ value: JSONText) {
        guard isOn, count < Self.capacity else { return }
        (entries + count).initialize(to: Entry(path: path, kind: kind, value: value))
        count += 1
    }

    subscript(_ index: Int) -> Entry { entries[index] }
}

extension RecordMapping {
    /// Writes a string member and, if a path is given, records it as an observable.
    mutating func observed(_ opening: StaticString, _ text: JSONText, _ path: StaticString?, _ kind: ObservableKind) {
        writer.string(opening, text)
        if let path { observables.add(path, kind, text) }
    }

    mutating func observableField() {
        guard observables.count > 0 else { return }
        writer.put("\"observables\":[")
        for index in 0..<observables.count {
            let entry = observables[index]
            writer.put("{\"name\":\"")
            writer.put(entry.path)
            writer.put("\",")
            writer.put(entry.kind.rendered)
            writer.string("\"value\":\"", entry.value)
            writer.endObject()
        }
        writer.endArray()
    }
}
