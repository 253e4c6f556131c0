/// One metric: its name, its help text, and how its value is computed from a subject, such as an integration's status.
///
/// Everything else follows from the declarations in ``Metrics``: the text that Prometheus reads and the table in `docs/metrics.md`. Names
/// follow Prometheus's conventions (prometheus.io, "Metric and label naming"): a prefix, base units, `_total` after counters.
struct Metric<Subject>: Sendable {
    /// The metric's type in Prometheus.
    enum Kind: String, Sendable {
        /// A value that only grows. It is 0 when the process that counts it starts.
        case counter
        case gauge
    }

    /// The unit of the value.
    enum Unit: String, Sendable {
        case seconds, bytes, ratio, events, records, requests, segments, reloads
        /// Seconds since 1970-01-01T00:00:00Z.
        case timestamp = "Unix time"
        /// The value is 1 for yes, and 0 for no.
        case flag = "1 or 0"
        /// The value is always 1, and the labels contain the information.
        case info = "1"
        case count
    }

    /// A value, with labels in addition to those of the subject.
    struct Sample {
        var value: Double
        var labels: [(name: String, value: String)] = []
    }

    let name: String
    let kind: Kind
    let unit: Unit
    /// The help text: one sentence, without the full stop.
    let help: String
    /// Labels in addition to those of the subject.
    let labels: [String]
    let samples: @Sendable (Subject) -> [Sample]

    /// A metric with at most one value. If the value is nil, the metric is omitted.
    init(
        _ name: String, _ kind: Kind, _ unit: Unit, _ help: String, value: @escaping @Sendable (Subject) -> Double?
    ) {
        self.init(name, kind, unit, help, labels: []) { subject in value(subject).map { [Sample(value: $0)] } ?? [] }
    }

    /// A metric with further labels.
    init(
        _ name: String, _ kind: Kind, _ unit: Unit, _ help: String, labels: [String],
        samples: @escaping @Sendable (Subject) -> [Sample]
    ) {
        self.name = "tributary_" + name
        self.kind = kind
        self.unit = unit
        self.help = help
        self.labels = labels
        self.samples = samples
    }

    /// A metric whose value is always 1, with the information in its labels.
    init(
        info name: String, _ help: String, labels: [String], values: @escaping @Sendable (Subject) -> [String]?
    ) {
        self.init(name, .gauge, .info, help, labels: labels) { subject in
            guard let values = values(subject) else { return [] }
            return [Sample(value: 1, labels: zip(labels, values).map { ($0, $1) })]
        }
    }
}
