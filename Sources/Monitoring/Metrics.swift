import Collector
import Delivery

/// Every metric, each declared once. To add one, declare it here and run `make docs`. A figure that `status.json` does not have yet must be
/// added to it first.
///
/// The number of time series is bounded by the numbers of integrations, credentials and destinations: no label contains text that an org sends.
enum Metrics {
    /// Metrics of the whole daemon, without labels that name a subject. This declaration is long because it is a table.
    static let daemon: [Metric<Snapshot>] = [
        Metric(info: "build_info", "The running version", labels: ["version"]) { [$0.report.version] },
        Metric("start_time_seconds", .gauge, .timestamp, "When the daemon started") {
            ReportTime.seconds($0.report.startedAt)
        },
        Metric(
            "updated_timestamp_seconds", .gauge, .timestamp,
            "When these figures were measured; if this time stops increasing, the daemon hangs or does not run"
        ) { ReportTime.seconds($0.report.updatedAt) },
        Metric("ready", .gauge, .flag, "Whether the spool is recovered and collection runs") { flag($0.isReady) },
        Metric(
            "stuck", .gauge, .flag, "Whether a part of the daemon makes no progress; systemd then restarts the daemon"
        ) {
            flag($0.report.stuck != nil)
        },
        Metric(
            "integrations", .gauge, .count,
            "Configured integrations with a log to collect, including paused and standby ones"
        ) {
            Double($0.report.integrations.count)
        },
        Metric(
            "configuration_in_force_timestamp_seconds", .gauge, .timestamp, "When the configuration in force was loaded"
        ) {
            ($0.report.configuration?.inForceSince).flatMap(ReportTime.seconds)
        },
        Metric("configuration_reloads_total", .counter, .reloads, "Finished reloads, including refused ones") {
            $0.report.configuration.map { Double($0.reloadsFinished) }
        },
        Metric(
            "configuration_refused", .gauge, .flag,
            "Whether the last reload was refused, so that an earlier configuration is in force"
        ) {
            $0.report.configuration.map { flag($0.refused != nil) }
        },
        Metric(
            "configuration_restart_needed", .gauge, .flag,
            "Whether a restart is needed for a changed setting to take effect"
        ) {
            $0.report.configuration.map { flag(!$0.restartNeeded.isEmpty) }
        },
        Metric("spool_bytes", .gauge, .bytes, "Size of the spool, measured every 30 s") {
            Double($0.report.spool.bytes)
        },
        Metric("spool_limit_bytes", .gauge, .bytes, "Size of the spool at which collection pauses: spool.max_bytes") {
            Double($0.report.spool.maxBytes)
        },
        Metric("spool_segments_sealed_total", .counter, .segments, "Segments that became visible to loaders") {
            Double($0.report.spool.segmentsSealed)
        },
        Metric(
            "spool_deletion_held_up", .gauge, .flag,
            "Whether something prevents the deletion of segments that spool.retention would delete"
        ) {
            flag($0.report.spool.deletionHeldUp != nil)
        },
        Metric("process_cpu_seconds_total", .counter, .seconds, "Processor time of the daemon, in user and kernel mode")
        {
            $0.process?.cpuSeconds
        },
        Metric("process_resident_memory_bytes", .gauge, .bytes, "Physical memory (RAM) that the daemon uses") {
            $0.process?.residentBytes
        },
        Metric("process_open_fds", .gauge, .count, "Open file descriptors of the daemon") {
            $0.process?.openDescriptors
        },
        Metric("process_max_fds", .gauge, .count, "File descriptors that the daemon may have open") {
            $0.process?.descriptorLimit
        },
        Metric("process_threads", .gauge, .count, "Threads of the daemon") { $0.process?.threads },
    ]

    /// Metrics of this host in its fleet; absent outside a fleet.
    static let fleet: [Metric<StatusReport.Fleet>] = [
        Metric(
            info: "fleet_info",
            "The fleet, this host's name in the fleet, and where the fleet's leases are stored: etcd or s3",
            labels: ["fleet", "host", "lease"]
        ) {
            [$0.name, $0.host, $0.lease]
        },
        Metric(
            "fleet_lease_renewed_timestamp_seconds", .gauge, .timestamp,
            "When this host last used the fleet's lease store successfully"
        ) {
            $0.renewedAt.flatMap(ReportTime.seconds)
        },
        Metric(
            "fleet_lease_failing", .gauge, .flag,
            "Whether this host has a problem with the fleet's leases; it collects only while its own lease is valid"
        ) {
            flag($0.problem != nil)
        },
        Metric(
            "fleet_draining", .gauge, .flag, "Whether this host hands over its integrations and takes over no others"
        ) {
            flag($0.draining)
        },
        Metric("fleet_hosts", .gauge, .count, "Hosts that take part in the fleet, as this host sees them") {
            Double($0.hosts.count)
        },
        Metric("fleet_held_integrations", .gauge, .count, "The integrations that this host holds") { Double($0.holds) },
        Metric(
            "fleet_takeovers_total", .counter, .count,
            "Integrations that this host took over from another host since the daemon started"
        ) {
            Double($0.takeovers)
        },
        Metric(
            "fleet_fenced_seals_total", .counter, .count,
            "Seals of this host that were rejected, because another host had sealed the same generation first; counted since the daemon started"
        ) {
            Double($0.fenced)
        },
        Metric(
            "fleet_dropped_records_total", .counter, .records,
            "Unsealed records that this host dropped, because another host had collected them; counted since the daemon started"
        ) {
            Double($0.droppedRecords)
        },
    ]

    /// Metrics of one integration, with the label `integration`. This declaration is long because it is a table.
    static let integration: [Metric<StatusReport.Integration>] = [
        Metric(
            info: "integration_info", "The org's address, and the credential that reads its log",
            labels: ["org", "credential"]
        ) {
            [$0.org, $0.credential]
        },
        Metric(
            "integration_up", .gauge, .flag,
            "Whether the integration's events arrive, either live or during catch-up; absent while the integration is paused, and on a host that does not hold the integration"
        ) {
            $0.isPaused || $0.isStandby ? nil : flag($0.state.isHealthy)
        },
        Metric(
            info: "integration_state",
            "The integration's current state, as in status.json, or paused_by_operator; only the current state has a series",
            labels: ["state"]
        ) {
            [$0.isPaused ? "paused_by_operator" : $0.state.rawValue]
        },
        Metric(
            "integration_held", .gauge, .flag,
            "Whether this host of a fleet holds the integration; absent outside a fleet, and while the integration is paused"
        ) {
            $0.holder == nil || $0.isPaused ? nil : flag(!$0.isStandby)
        },
        Metric("integration_state_timestamp_seconds", .gauge, .timestamp, "When the integration's current state began")
        {
            ReportTime.seconds($0.since)
        },
        Metric(
            info: "integration_problem",
            "The kind of the integration's current problem, as listed in /usr/share/doc/tributary/status.md; absent if there is no problem",
            labels: ["kind"]
        ) {
            $0.problem.map { [$0.kind] }
        },
        Metric(
            "integration_lag_seconds", .gauge, .seconds,
            "How far collection lags: during a backlog, the age of the newest collected event; otherwise, the time since Okta's last answer"
        ) { $0.lagSeconds.map(Double.init) },
        Metric(
            "integration_last_event_timestamp_seconds", .gauge, .timestamp,
            "The time of the newest event that was collected"
        ) {
            $0.lastEventAt.flatMap(ReportTime.seconds)
        },
        Metric("integration_last_answer_timestamp_seconds", .gauge, .timestamp, "When Okta last answered with a page") {
            $0.lastAnswerAt.flatMap(ReportTime.seconds)
        },
        Metric("integration_events_total", .counter, .events, "Events that became records") { Double($0.events) },
        Metric(
            "integration_rejected_events_total", .counter, .events,
            "Events that could not become records; they are kept under _rejected"
        ) {
            Double($0.rejected)
        },
        Metric(
            "integration_duplicate_events_total", .counter, .events,
            "Events that Tributary dropped, because Okta had already delivered them"
        ) {
            Double($0.duplicates ?? 0)
        },
        Metric(
            "integration_unproven_events_total", .counter, .events,
            "Events that became records although they may have been collected before"
        ) {
            Double($0.unproven ?? 0)
        },
        Metric(
            "integration_requests_total", .counter, .requests,
            "Requests for the log: answered (200), rate_limited (429), refused (another status), unanswered (no answer)",
            labels: ["outcome"]
        ) { integration in
            let outcomes = integration.requestsByOutcome ?? StatusReport.Outcomes()
            return [
                ("answered", outcomes.answered), ("rate_limited", outcomes.rateLimited), ("refused", outcomes.refused),
                ("unanswered", outcomes.unanswered),
            ].map { .init(value: Double($1), labels: [("outcome", $0)]) }
        },
        Metric(
            "integration_fresh_queries_total", .counter, .requests,
            "How often the log was queried by time because Okta's next link could not be used"
        ) {
            Double($0.freshQueries ?? 0)
        },
        Metric(
            "integration_rate_limit_requests", .gauge, .requests,
            "The org's rate limit for the log: requests per minute for all clients together"
        ) {
            $0.budget.map { Double($0.limit) }
        },
        Metric(
            "integration_rate_limit_remaining_requests", .gauge, .requests,
            "Requests left in the org's rate limit for the log, according to Okta's last answer"
        ) {
            $0.budget.map { Double($0.remaining) }
        },
        Metric(
            "integration_backfill_ratio", .gauge, .ratio,
            "Progress of the backfill, from 0 to 1; absent without a backfill"
        ) {
            $0.backfill?.fraction
        },
        Metric(
            "integration_backfill_remaining_seconds", .gauge, .seconds,
            "Time until the backfill is complete, at its present speed"
        ) {
            ($0.backfill?.remainingSeconds).map(Double.init)
        },
        Metric(
            "integration_unsealed_records", .gauge, .records,
            "Records that are durable but not yet in a segment that loaders can see"
        ) {
            Double($0.unsealedRecords)
        },
        Metric(
            "integration_unsealed_bytes", .gauge, .bytes, "Disk space of the unsealed records in the state directory"
        ) {
            $0.unsealedBytes.map(Double.init)
        },
        Metric("integration_sealing_failed", .gauge, .flag, "Whether records can't be sealed although a seal is due") {
            flag($0.sealingFailedSince != nil)
        },
        Metric(
            "integration_events_missing", .gauge, .flag,
            "Whether, since the daemon started, Okta deleted events before Tributary collected them"
        ) {
            flag($0.gap != nil)
        },
    ]

    /// Metrics of a credential that expires, with the label `credential`.
    static let credential: [Metric<StatusReport.Integration>] = [
        Metric(
            "credential_expiry_timestamp_seconds", .gauge, .timestamp,
            "When the credential expires, according to the configuration"
        ) {
            $0.credentialExpires.flatMap(ReportTime.endOfDay)
        }
    ]

    /// Metrics of the response actions of one integration, with the label `integration`.
    static let response: [Metric<StatusReport.ResponseActivity>] = [
        Metric(
            "response_actions_total", .counter, .count,
            "Response actions that became records since the daemon started, by outcome", labels: ["outcome"]
        ) { activity in
            activity.outcomes.sorted { $0.key < $1.key }.map {
                .init(value: Double($0.value), labels: [("outcome", $0.key)])
            }
        },
        Metric("response_last_action_timestamp_seconds", .gauge, .timestamp, "When a response action was last tried") {
            ($0.lastAction?.at).flatMap(ReportTime.seconds)
        },
        Metric(
            "response_last_failure_timestamp_seconds", .gauge, .timestamp,
            "When a response action was last unsuccessful: Okta refused it, it failed, or its outcome is unknown"
        ) { ($0.lastFailure?.at).flatMap(ReportTime.seconds) },
    ]

    /// Metrics of one destination, with the label `destination`.
    static let destination: [Metric<DestinationStatus>] = [
        Metric("destination_up", .gauge, .flag, "Whether the destination's delivery runs and can deliver segments") {
            flag($0.isHealthy)
        },
        Metric(
            info: "destination_state",
            "The state of the destination's delivery, or not_running if the delivery has no process; only the current state has a series",
            labels: ["state"]
        ) {
            [$0.isRunning ? $0.report?.state.rawValue ?? "starting" : "not_running"]
        },
        Metric("destination_lag_segments", .gauge, .segments, "Sealed segments that wait to be delivered") {
            ($0.report?.lagSegments).map(Double.init)
        },
        Metric("destination_lag_bytes", .gauge, .bytes, "Bytes of the segments that wait to be delivered") {
            ($0.report?.lagBytes).map(Double.init)
        },
        Metric("destination_lag_seconds", .gauge, .seconds, "How long the oldest segment has waited to be delivered") {
            ($0.report?.lagSeconds).map(Double.init)
        },
        Metric(
            "destination_delivered_segments_total", .counter, .segments,
            "Segments that were delivered since the delivery's process started"
        ) {
            ($0.report?.deliveredSegments).map(Double.init)
        },
        Metric(
            "destination_delivered_bytes_total", .counter, .bytes,
            "Bytes of the segments that were delivered since the delivery's process started"
        ) {
            ($0.report?.deliveredBytes).map(Double.init)
        },
        Metric(
            "destination_requests_total", .counter, .requests,
            "Requests that the delivery sent, or commands that it ran"
        ) {
            ($0.report?.requests).map(Double.init)
        },
        Metric("destination_last_delivered_timestamp_seconds", .gauge, .timestamp, "When a segment was last delivered")
        {
            ($0.report?.lastDeliveredAt).flatMap(ReportTime.seconds)
        },
    ]

    private static func flag(_ value: Bool) -> Double { value ? 1 : 0 }
}
