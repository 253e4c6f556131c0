import Configuration
import Testing

@testable import Fleet
@testable import tributary

@Suite("tributary fleet status")
struct FleetStatusTextTests {
    private let now: Int64 = 1_795_700_000_000

    private func report(_ seen: FleetObservation, _ integrations: Set<String>) throws -> FleetReport {
        let text = """
            fleet:
              name: prod
              host: collector-1
              log: {bucket: lake, region: eu-west-1}
              lease: {type: etcd, endpoints: ["https://etcd-1:2379"]}
            """
        let configuration = try Configuration.load(
            sources: [ConfigurationSource(file: "t.yaml", text: text)],
            context: ConfigurationContext(environment: [:], today: try CalendarDate(parsing: "2026-11-26")))
        return FleetReport(
            try #require(configuration.fleet), seen, integrations: integrations, answeredIn: .milliseconds(4))
    }

    private func seen(draining: Set<String> = []) -> FleetObservation {
        var seen = FleetObservation()
        for (host, holds) in [("collector-1", ["acme"]), ("collector-2", ["globex"])] {
            seen.hosts[host] = .init(
                record: HostRecord(
                    version: "1.2.3", startedAt: now - 3_600_000, isDraining: false, configured: 2, digest: ""),
                isThis: false)
            for name in holds {
                seen.owners[name] = .init(
                    host: host, token: 7, since: now - 300_000, previousHost: "collector-3", isMine: false)
            }
        }
        seen.draining = draining
        return seen
    }

    private func lines(_ report: FleetReport, columns: Int? = nil) -> [String] {
        FleetStatusText(report: report, now: now, terminal: Terminal(size: columns.map { ($0, 40) })).lines
    }

    @Test("the output lists the hosts and the integrations, and the host from which each integration was taken over")
    func well() throws {
        let report = try report(seen(draining: ["collector-2", "collector-9"]), ["acme", "globex"])
        #expect(report.isWell)
        #expect(
            lines(report) == [
                "✔ fleet prod: 2 hosts, 2 of 2 integrations held  leases in etcd, which answered in 4 ms; time to live 10 s",
                "  HOST         HOLDS        SINCE    VERSION",
                "✔ collector-1  1            60m ago  1.2.3",
                "‖ collector-2  1, draining  60m ago  1.2.3",
                "‖ collector-9 does not run, and will take no integrations when it starts. To change that: tributary fleet undrain collector-9",
                "  INTEGRATION  HOST         SINCE   TAKEN OVER FROM",
                "✔ acme         collector-1  5m ago  collector-3",
                "✔ globex       collector-2  5m ago  collector-3",
            ])
    }

    @Test("if no host holds an integration, the output begins with this problem and says what happens or what to do")
    func unheld() throws {
        let report = try report(seen(), ["acme", "globex", "initech"])
        #expect(!report.isWell)
        let text = lines(report)
        #expect(text[0].hasPrefix("✘ fleet prod: 2 hosts, 2 of 3 integrations held"))
        #expect(text[1] == "✘ no host collects initech")
        #expect(text[2].contains("within 11 s"))
        #expect(lines(try self.report(FleetObservation(), ["acme"]))[2].contains("systemctl start tributary"))
        let allDrain = try self.report(seen(draining: ["collector-1", "collector-2"]), ["acme", "initech"])
        #expect(lines(allDrain)[2].contains("tributary fleet undrain HOST"))
    }

    @Test("no line is wider than the terminal")
    func narrow() throws {
        for columns in [40, 60, 80] {
            for line in lines(try report(seen(draining: ["collector-9"]), ["acme", "globex", "x"]), columns: columns) {
                #expect(line.count <= columns, "\(columns): \(line)")
            }
        }
    }
}
