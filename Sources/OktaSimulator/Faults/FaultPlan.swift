/// Decides for each request which fault occurs: the fault of the first rule that applies.
struct FaultPlan {
    private var rules: [(rule: FaultRule, left: Int, toSkip: Int)]
    private var rolls: Rolls

    init(_ rules: [FaultRule], seed: UInt64) {
        self.rules = rules.map { ($0, $0.count ?? Int.max, $0.after ?? 0) }
        rolls = Rolls(Seed.derive(seed, .fault, 0))
    }

    /// - Parameters:
    ///   - isFull: whether the answer would be a full page, which has as many events as the request's `limit`.
    ///   - call: the request's call of the management API; nil for a request to the System Log.
    mutating func strike(isFull: Bool = false, call: ManagementCall? = nil) -> FaultRule? {
        var chosen: Int?
        for position in rules.indices where rules[position].rule.strikes(call) {
            if rules[position].toSkip > 0 {
                rules[position].toSkip -= 1
                continue
            }
            let rule = rules[position].rule
            guard chosen == nil, rules[position].left > 0,
                (rule.page ?? "any") == "any" || (rule.page == "full") == isFull,
                rolls.chance(rule.probability ?? 1)
            else { continue }
            rules[position].left -= 1
            chosen = position
        }
        return chosen.map { rules[$0].rule }
    }
}
