/// Chooses the settings of each start at random. Each setting uses its own random generator.
struct SettingsChoice {
    private let features: Set<Scenario.Feature>
    private var last: Scenario.Session
    private var pageSizes, filters, narrowFilters, addresses, clocks, outages, deletions: SeededGenerator

    init(_ scenario: Scenario, firstSize: Int) {
        features = scenario.features
        last = Scenario.Session(
            end: .drained, pageSize: firstSize, filter: nil, address: 0, hostOffset: 0, pause: 2_000)
        pageSizes = scenario.generator(.pageSizes)
        filters = scenario.generator(.filters)
        narrowFilters = scenario.generator(.narrowFilters)
        addresses = scenario.generator(.addresses)
        clocks = scenario.generator(.hostClock)
        outages = scenario.generator(.outages)
        deletions = scenario.generator(.deletions)
    }

    mutating func next(isFirst: Bool) -> Scenario.Session {
        last.pause = 2_000
        if features.contains(.pageSizes), Bool.random(using: &pageSizes) {
            last.pageSize = [5, 10, 20, 50][Int.random(in: 0..<4, using: &pageSizes)]
        }
        if features.contains(.filters), isFirst || Int.random(in: 0..<3, using: &filters) == 0 {
            last.filter = [nil, 0xFF, 0x0F, 0x3C, 0x7F][Int.random(in: 0..<5, using: &filters)]
            if features.contains(.narrowFilters), Bool.random(using: &narrowFilters) {
                last.filter = [0x01, 0x10, 0x05, 0xF0, 0xC0][Int.random(in: 0..<5, using: &narrowFilters)]
            }
        }
        if features.contains(.addresses), Int.random(in: 0..<3, using: &addresses) == 0 {
            last.address = 1 - last.address
        }
        if features.contains(.hostClock), Int.random(in: 0..<3, using: &clocks) == 0 {
            last.hostOffset =
                [-21_600_000, -1_800_000, 1_800_000, 21_600_000][Int.random(in: 0..<4, using: &clocks)]
        }
        if features.contains(.outages), !isFirst, Bool.random(using: &outages) {
            last.pause = Int64.random(in: 60_000...14_400_000, using: &outages)
        }
        last.deletesAllBut = nil
        if features.contains(.deletions), !isFirst, Int.random(in: 0..<3, using: &deletions) == 0 {
            last.deletesAllBut = Bool.random(using: &deletions) ? 0 : Int.random(in: 1...40, using: &deletions)
        }
        return last
    }
}
