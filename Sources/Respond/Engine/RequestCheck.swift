import ResponseLog

/// Checks whether a request can be carried out and recorded at all. Limits are in bytes, because all texts together must fit into an entry of the
/// response log.
enum RequestCheck {
    static let userLimit = 256
    static let caseLimit = 256
    static let reasonLimit = 4_000
    static let keyLimit = 128
    static let groupLimit = 255

    /// What is wrong and what to do about it; nil if nothing is wrong.
    static func problem(of request: ResponseRequest) -> String? {
        let options = request.options
        if let problem = text("the user", request.user, userLimit) { return problem }
        if let problem = text("the case", request.caseID, caseLimit) { return problem }
        if let reason = request.reason, reason.utf8.count > reasonLimit {
            return "The reason has more than \(reasonLimit) bytes: shorten it"
        }
        if let key = request.key, let problem = text("the key", key, keyLimit) { return problem }
        if let undoes = request.undoes, let problem = text("the id of the action to undo", undoes, 64) {
            return problem
        }
        switch request.action {
        case .addToGroup, .removeFromGroup:
            guard let group = options.groupID ?? options.groupName else {
                return "\(request.action.rawValue) needs a group, by name or id"
            }
            return text("the group", group, groupLimit)
        case .setRisk:
            guard let level = options.riskLevel, ResponseStep.riskLevels.contains(level.uppercased()) else {
                return
                    "set-risk needs a level that can be set in Okta: \(ResponseStep.riskLevels.joined(separator: " or "))"
            }
            return nil
        default: return nil
        }
    }

    private static func text(_ what: String, _ text: String, _ limit: Int) -> String? {
        let isVisible =
            text.contains { !$0.isWhitespace }
            && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
        guard isVisible, text.utf8.count <= limit else {
            return "\(what.prefix(1).uppercased() + what.dropFirst()) must be a text of 1 to \(limit) bytes in one line"
        }
        return nil
    }
}
