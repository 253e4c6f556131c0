/// Decides the class and activity of an event.
extension RecordMapping {
    /// Returns the class and activity from the catalogue's row for the event's type. If the type has no row, the rows of the most
    /// similar types decide.
    mutating func mapping() -> EventMapping {
        guard let eventType else {
            explain("class_uid", "the event has no event type")
            return EventMapping(kind: .base, activity: 99, rule: .none)
        }
        if let row = catalog.row(of: eventType) {
            if isExplaining { explain("class_uid", "the catalogue's row for \(eventType.string), rule \(row.rule)") }
            return row
        }
        if isExplaining { explain("class_uid", explanation(of: eventType)) }
        return unknownTypes.mapping(of: eventType, catalog)
    }

    private func explanation(of type: JSONText) -> String {
        guard let vote = catalog.relatives.vote(on: type) else {
            return
                "the catalogue has no row for \(type.string), and no row for an event type that begins or ends with the same word"
        }
        return
            "the catalogue has no row for \(type.string); "
            + "the closest are \(vote.relatives) row(s), which share \(vote.words) word(s) with it; "
            + "of these, \(vote.agreeing) have the class \(vote.mapping.kind.facts.caption)"
    }

    /// Chooses the class of an admin role binding, which depends on whether a user or a group got the role.
    mutating func takeGrantee(_ targets: Targets) {
        let isRevoked = (eventType?.hasSuffix(".delete") ?? false) || (eventType?.hasSuffix(".remove") ?? false)
        if targets.user != nil {
            kind = .access
        } else if targets.group != nil {
            kind = .group
        } else {
            return
        }
        (kind, activity) = schema.placed(kind, isRevoked ? 2 : 1)
        explain(
            "class_uid",
            kind == .access
                ? "the role is bound to the target that is a user"
                : "the role is bound to the target that is a group")
    }

    /// Changes the class to Entity Management, because the event lacks what its own class requires. Every event has what Entity Management
    /// requires, and the class has attributes for actor, address and request.
    mutating func takeNearestClass() {
        if isExplaining {
            explain(
                "class_uid", "\(kind.facts.caption) requires more than this event has, so Entity Management is used")
        }
        let verb = eventType.map { catalog.verb(of: $0) } ?? 99
        if verb != 99 {
            activity = verb
        } else if kind == .account {
            // Create, Enable, Disable and Delete of Account Change also exist in Entity Management. A changed or reset password counts as Update. All
            // other activities, such as Lock, become Other.
            switch activity {
            case 1: activity = 1
            case 2: activity = 8
            case 3, 4: activity = 3
            case 5: activity = 9
            case 6: activity = 4
            default: activity = 99
            }
        } else if kind == .group {
            activity = activity == 6 ? 1 : activity == 5 ? 4 : 99
        } else if kind == .api {
            activity = (1...4).contains(activity) ? activity : 99
        } else {
            activity = 99
        }
        (kind, activity) = schema.placed(.entity, activity)
    }
}
