/// A lock for each name. One caller at a time has the lock; the other callers wait, and get the lock in the order in which they came. For use inside
/// one actor.
struct Turnstile {
    /// The maximum number of callers that may wait for one name.
    static let waitersLimit = 64

    private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]

    /// If the name is free, gives it to the caller and returns true. Otherwise returns false.
    mutating func enterAtOnce(_ name: String) -> Bool {
        guard waiting[name] == nil else { return false }
        waiting[name] = []
        return true
    }

    func isCrowded(_ name: String) -> Bool { waiting[name].map { $0.count >= Self.waitersLimit } ?? false }

    /// Queues the continuation. It is resumed when the caller gets the name.
    mutating func wait(_ name: String, _ continuation: CheckedContinuation<Void, Never>) {
        waiting[name, default: []].append(continuation)
    }

    mutating func leave(_ name: String) {
        guard var others = waiting[name] else { return }
        if others.isEmpty {
            waiting[name] = nil
        } else {
            let next = others.removeFirst()
            waiting[name] = others
            next.resume()
        }
    }
}
