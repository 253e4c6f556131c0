import Collector
import CommandHints
import Time

/// This host's state in its fleet, as `tributary status` shows it.
struct FleetText {
    private let fleet: StatusReport.Fleet
    /// The present time, in milliseconds since 1970.
    private let now: Int64

    init(_ fleet: StatusReport.Fleet, now: Int64) {
        self.fleet = fleet
        self.now = now
    }

    /// The state in one line, such as `fleet prod: host-1 collects 3 of 6 integrations, 2 hosts (host-1, host-2), lease in etcd renewed 1s ago,
    /// 4 integrations taken over`.
    var line: String {
        var parts = ["\(fleet.host) collects \(fleet.holds) of \(fleet.configured) integrations"]
        if fleet.draining { parts[0] += " and is draining" }
        let names = fleet.hosts.prefix(8).joined(separator: ", ") + (fleet.hosts.count > 8 ? ", …" : "")
        parts.append(fleet.hosts.count == 1 ? "the only host" : "\(fleet.hosts.count) hosts (\(names))")
        var lease = "lease in \(fleet.lease)"
        if let renewed = fleet.renewedAt.flatMap({ CivilTime.milliseconds(rfc3339: $0) }) {
            lease += " renewed \(StatusReport.duration(Int((now - renewed) / 1000))) ago"
        }
        parts.append(lease)
        if fleet.takeovers > 0 {
            parts.append("\(fleet.takeovers, "integration", "integrations") taken over")
        }
        if fleet.fenced > 0 {
            parts.append("\(fleet.fenced, "seal", "seals") by this host refused, because another host had sealed first")
        }
        if fleet.droppedRecords > 0 {
            parts.append("\(fleet.droppedRecords, "record", "records") dropped that other hosts have collected, too")
        }
        return "  fleet \(fleet.name): " + parts.joined(separator: ", ")
    }
}
