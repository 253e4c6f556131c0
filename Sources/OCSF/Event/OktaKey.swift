/// The member names of a LogEvent that the mapping uses. The parser marks each member with the raw value of its name, so that the mapping compares
/// numbers instead of texts. All members with other names go to `unmapped`.
enum OktaKey: UInt16, CaseIterable {
    // members of a LogEvent
    case uuid = 1
    case published, eventType, version, severity, legacyEventType, displayMessage
    case actor, client, device, authenticationContext, outcome, securityContext, debugContext, transaction, request
    case target
    // members of an actor, a target and similar objects
    case id, type, alternateId, displayName, detailEntry, changeDetails, from, to
    case userAgent, rawUserAgent, os, browser, zone, ipAddress, geographicalContext
    case city, state, country, postalCode, geolocation, lat, lon
    case name, platform, osVersion, managed, osPlatformSnake, osVersionSnake
    case result, reason
    case asNumber, asOrg, isp, domain, ipDetails, ipServiceCategories, risk, level
    case authenticationProvider, credentialProvider, issuer, externalSessionId, rootSessionId
    case debugData, ipChain, ip
    // members of debugData, by their present names (Okta does not promise to keep these names)
    case requestId, requestUri, url, origin, dtHash, deviceFingerprint, ja3, ja4
    case threatSuspected, behaviors, logOnlySecurityData, tunnels
    case factor, authMethodFirstType, authMethodSecondType, signOnMode
    case privilegeGranted, privilegeRevoked, grantedScopes, requestedScopes, grantType
    case methodTypeUsed, factorType
    // members of a changed profile, of a token's details and of the transaction's details
    case login, email, expires, detail, requestApiTokenId
    // members that describe a risk, and the event or the request that the risk is about
    case userBehaviors, riskChange, threatDetections, partnerRisk, securityEventsProviderReportedRisk
    case eventUuid, label
    case suspiciousActivityEventId, suspiciousActivityEventType, suspiciousActivityEventIp, suspiciousActivityOs
    case suspiciousActivityEventCity, suspiciousActivityEventState, suspiciousActivityEventCountry
    // members that describe the route from the client to Okta
    case isProxy, proxyType, anonymizerStatus, associatedProxies
    // members that state a policy's decision
    case ruleAction, policyAction, matchedRuleAction, matchedRuleId, matchedRuleDisplayName
    // members that say how and by whom the user was authenticated, and in which session
    case credentialType, idpDisplayName, sessionId
    // members that describe methods and authenticators
    case methodType, authenticatorKey, pushOnlyResponseType

    var name: String {
        switch self {
        case .osPlatformSnake: "os_platform"
        case .osVersionSnake: "os_version"
        default: "\(self)"
        }
    }

    /// Member names that Okta spells in two ways. Okta's pages on Identity Threat Protection begin these names with a capital letter; all other texts
    /// of Okta begin them with a lowercase letter.
    static let capitalized: [(name: String, key: OktaKey)] = [
        ("Risk", .risk), ("Behaviors", .behaviors), ("ThreatSuspected", .threatSuspected), ("EventUuid", .eventUuid),
        ("Label", .label), ("ExternalSessionId", .externalSessionId), ("RiskChange", .riskChange),
    ]

    /// The size of a table that is indexed by raw value.
    static let slots = allCases.count + 1
}
