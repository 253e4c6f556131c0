import CollectionSimulation
import Glibc

/// Measures the collection from an org that stores every event `--delay` minutes after its publication. Prints a row for each phase. The column
/// “in answers” is the number of events in all answers so far, including repeated events.
func measureSteadily(_ arguments: [String]) async -> Never {
    func number(_ name: String) -> Int? {
        arguments.firstIndex(of: name).flatMap { arguments.dropFirst($0 + 1).first }.flatMap { Int($0) }
    }
    guard arguments.count >= 2 else { exit(64) }
    var measurement = SteadyMeasurement(directory: arguments[1])
    measurement.rate = number("--rate") ?? measurement.rate
    measurement.delay = number("--delay").map { Int64($0) * 60_000 } ?? measurement.delay
    print(
        """
        \(measurement.rate) events/s, stored \(measurement.delay / 60_000) minutes after they were published

        \(row(["", "in answers", "collected", "known", "unproven", "requests", "by time", "identities", "resident KiB", "journal B"]))
        """)
    fflush(nil)
    do {
        let outcome = try await measurement.run { phase in
            print(
                row([
                    phase.name, "\(phase.sent)", "\(phase.collected)", "\(phase.known)", "\(phase.unproven)",
                    "\(phase.requests)", "\(phase.queries)", "\(phase.identities)", "\(phase.resident / 1024)",
                    "\(phase.journal)",
                ]))
            fflush(nil)
        }
        print("\n\(outcome.stored) events: \(outcome.lost) lost, \(outcome.twice) collected twice")
        exit(outcome.lost + outcome.twice > 0 ? 1 : 0)
    } catch {
        print("failed: \(error)")
        exit(1)
    }
}

/// A row of the table. The first column is a name, aligned to the left; the others are numbers, aligned to the right.
private func row(_ fields: [String]) -> String {
    fields.enumerated().map { index, field in
        let room = String(repeating: " ", count: max(0, (index == 0 ? 20 : 13) - field.count))
        return index == 0 ? field + room : room + field
    }.joined()
}
