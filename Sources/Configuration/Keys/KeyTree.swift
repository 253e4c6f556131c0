/// The keys that are allowed in each section of the configuration, derived from the list of keys.
struct KeyTree: Sendable {
    enum Entry: Sendable {
        case key(KeyDescription)
        /// A mapping of further keys.
        case section
        /// A list of mappings; lists from several files are joined.
        case sections
    }

    static let shared = KeyTree(Configuration.keys)

    /// The keys by the path of their mapping (empty for the top level), then by name.
    private(set) var entries: [String: [String: Entry]] = [:]
    private let keys: [KeyDescription]

    init(_ keys: [KeyDescription]) {
        self.keys = keys
        for key in keys {
            var parent = ""
            let parts = key.path.split(separator: ".").map(String.init)
            for (index, part) in parts.enumerated() {
                let isList = part.hasSuffix("[]")
                let name = isList ? String(part.dropLast(2)) : part
                let isLeaf = index == parts.count - 1
                entries[parent, default: [:]][name] = isLeaf ? .key(key) : isList ? .sections : .section
                parent = parent.isEmpty ? part : "\(parent).\(part)"
            }
        }
    }

    func entry(_ name: String, in parent: String) -> Entry? { entries[parent]?[name] }

    /// A hint about an unknown key: the known key that the person probably meant, or all keys that are allowed there.
    func suggestion(for name: String, in parent: String) -> String {
        let here = (entries[parent] ?? [:]).keys.sorted()
        if let near = NearestName.of(name, among: here) { return "did you mean “\(near)”?" }
        if let elsewhere = keys.first(where: { $0.name == name })
            ?? keys.first(where: { NearestName.of(name, among: [$0.name]) != nil })
        {
            let parts = elsewhere.path.split(separator: ".").dropLast().joined(separator: ".")
            return parts.isEmpty
                ? "“\(elsewhere.name)” is a top-level key: write it without indentation"
                : "did you mean “\(elsewhere.name)” in “\(parts.replacing("[]", with: ""))”?"
        }
        return "the keys that are known here: \(here.joined(separator: ", "))"
    }
}
