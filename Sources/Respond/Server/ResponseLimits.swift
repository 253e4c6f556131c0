import ResponseLog

extension ResponseAsk {
    /// Why the helper refuses the request at once; nil if the request can be answered.
    var problem: String? {
        switch self {
        case .outlook(let request), .act(let request, _): request.problem
        case .capabilities(let integration): Self.problem("the integration", integration, 1...64)
        case .history(let filter):
            filter.caseID.flatMap { Self.problem("the case", $0, 1...128) }
                ?? filter.user.flatMap { Self.problem("the user", $0, 1...320) }
                ?? filter.integration.flatMap { Self.problem("the integration", $0, 1...64) }
        case .undo(let record): Self.problem("the id of the action", record, 1...64)
        case .wait(let transactions, let seconds):
            transactions.isEmpty || transactions.count > Self.waitLimit || !(0...Self.waitSeconds).contains(seconds)
                ? "a wait must be for 1 to \(Self.waitLimit) calls, and for at most \(Self.waitSeconds) seconds" : nil
        }
    }

    fileprivate static func problem(_ what: String, _ text: String, _ bytes: ClosedRange<Int>) -> String? {
        if text.isEmpty { return "\(what) is empty" }
        if !bytes.contains(text.utf8.count) { return "\(what) is longer than \(bytes.upperBound) bytes" }
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            return "\(what) contains control characters"
        }
        return nil
    }
}

extension ResponseRequest {
    /// Why the helper refuses the request at once; nil if the request can be tried.
    package var problem: String? {
        ResponseAsk.problem("the integration", integration, 1...64)
            ?? ResponseAsk.problem("the user", user, 1...320)
            ?? ResponseAsk.problem("the case", caseID, 1...128)
            ?? reason.flatMap { ResponseAsk.problem("the reason", $0, 1...1024) }
            ?? key.flatMap { ResponseAsk.problem("the key", $0, 1...128) }
            ?? undoes.flatMap { ResponseAsk.problem("the id of the action to undo", $0, 1...64) }
            ?? options.groupID.flatMap { ResponseAsk.problem("the group", $0, 1...64) }
            ?? options.groupName.flatMap { ResponseAsk.problem("the group", $0, 1...256) }
            ?? options.riskLevel.flatMap { ResponseAsk.problem("the level", $0, 1...16) }
    }
}
