/// Assigns integrations to a fixed number of workers: each goes to the worker with the fewest integrations, and stays there.
struct WorkerPlacement {
    private var counts: [Int]
    private var workers: [String: Int] = [:]

    init(workers: Int) { counts = Array(repeating: 0, count: max(1, workers)) }

    /// The integration's worker, which is the same until the integration is removed.
    mutating func place(_ integration: String) -> Int {
        if let worker = workers[integration] { return worker }
        let fewest = counts.indices.min { counts[$0] < counts[$1] } ?? 0
        counts[fewest] += 1
        workers[integration] = fewest
        return fewest
    }

    /// The integration's worker; nil if the integration has not been placed.
    func worker(of integration: String) -> Int? { workers[integration] }

    mutating func remove(_ integration: String) {
        if let worker = workers.removeValue(forKey: integration) { counts[worker] -= 1 }
    }
}
