/// The main facts of an event, without its text: enough to evaluate a filter, and cheap enough to compute for every event of a scan.
struct EventPlan {
    /// Unusual but documented shapes; `ordinary` for most events.
    enum Oddity: Int, CaseIterable {
        case ordinary
        case actorNull, clientAbsent, zoneNullText, versionNumber, postalNumber, targetNull, targetAbsent, targetEmpty
        case authenticationAbsent, securityAbsent, securityNull, requestAbsent, requestEmpty, transactionAbsent,
            debugAbsent
        case debugEmpty, outcomeNull, outcomeAbsent, deviceSnake, deviceCamel, hopsInChain, bigDebug, escapedNames,
            debugNumbers
        case nullTexts, unparsableAddress, unknownKey, manyTargets, longReason
    }

    /// Shapes that no healthy org sends. They occur only if `OrgSettings.hostileShare` is above zero.
    enum Hostility: Int, CaseIterable {
        case none
        case publishedAbsent, publishedImpossible, publishedSpaced, uuidAbsent, debugList, debugText, severityUnknown,
            chainObject
        case addressList, actorText
    }

    var type: Int
    var user: Int
    var place: Int
    var agent: Int
    var app: Int
    var group: Int
    var failed: Bool
    var isJob: Bool
    var oddity: Oddity
    var hostility: Hostility
    /// The event's random numbers. The plan has used the first numbers. Rendering uses the numbers that follow.
    var rolls: Rolls
}
