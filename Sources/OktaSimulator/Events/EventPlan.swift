/// What event `i` is about, before any text is made: enough to answer a filter, cheap enough to make for every event of a scan.
struct EventPlan {
    /// Odd but documented shapes; `ordinary` for most events.
    enum Oddity: Int, CaseIterable {
        case ordinary
        case actorNull, clientAbsent, zoneNullText, versionNumber, postalNumber, targetNull, targetAbsent, targetEmpty
        case authenticationAbsent, securityAbsent, securityNull, requestAbsent, requestEmpty, transactionAbsent,
            debugAbsent
        case debugEmpty, outcomeNull, outcomeAbsent, deviceSnake, deviceCamel, hopsInChain, bigDebug, escapedNames,
            debugNumbers
        case nullTexts, unparsableAddress, unknownKey, manyTargets, longReason
    }

    /// Shapes beyond what a healthy org sends, on request only.
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
    /// Where the rendering goes on drawing.
    var rolls: Rolls
}
