import Collector

/// A snapshot in Prometheus's text format 0.0.4 (prometheus.io, "Exposition formats").
struct MetricsText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var bytes: [UInt8] = []

    init(_ snapshot: Snapshot) {
        bytes.reserveCapacity(8192 + snapshot.report.integrations.count * 3000)
        add(Metrics.daemon, [("", snapshot)], label: nil)
        add(Metrics.fleet, snapshot.report.fleet.map { [("", $0)] } ?? [], label: nil)
        add(Metrics.integration, snapshot.report.integrations.map { ($0.name, $0) }, label: "integration")
        var seen: Set<String> = []
        // Several integrations may share a credential. Each credential is shown once.
        let credentials = snapshot.report.integrations.filter {
            $0.credentialExpires != nil && seen.insert($0.credential).inserted
        }
        add(Metrics.credential, credentials.map { ($0.credential, $0) }, label: "credential")
        add(Metrics.response, (snapshot.report.responses ?? []).map { ($0.name, $0) }, label: "integration")
        add(Metrics.destination, snapshot.destinations.map { ($0.name, $0) }, label: "destination")
    }

    /// Adds each metric that has samples: its help text and type, followed by its samples.
    private mutating func add<Subject>(
        _ metrics: [Metric<Subject>], _ subjects: [(name: String, value: Subject)], label: String?
    ) {
        let owners = subjects.map { subject in label.map { "\($0)=\"\(Self.escaped(subject.name))\"" } }
        for metric in metrics {
            var isAnnounced = false
            // The loop uses indices, because looping over pairs of subject and owner would copy each subject with all its texts.
            for index in subjects.indices {
                let owner = owners[index]
                for sample in metric.samples(subjects[index].value) where sample.value.isFinite {
                    if !isAnnounced {
                        append("# HELP \(metric.name) \(metric.help).\n# TYPE \(metric.name) \(metric.kind.rawValue)\n")
                        isAnnounced = true
                    }
                    append(metric.name)
                    appendLabels(owner, sample)
                    append(" ")
                    append(Self.number(sample.value))
                    append("\n")
                }
            }
        }
    }

    private mutating func appendLabels<Subject>(_ owner: String?, _ sample: Metric<Subject>.Sample) {
        guard owner != nil || !sample.labels.isEmpty else { return }
        append("{")
        append(owner ?? "")
        for (index, label) in sample.labels.enumerated() {
            if owner != nil || index > 0 { append(",") }
            append("\(label.name)=\"\(Self.escaped(label.value))\"")
        }
        append("}")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Escapes backslashes, quotation marks and line feeds, as the format requires.
    static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return text }
        return text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    /// Formats a number. A whole number has no `.0` at its end.
    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}
