/// The member names of a LogEvent that the mapping knows. The parser marks members with the raw value, so that the mapping
/// compares numbers; every other name is left to `unmapped`.
enum OktaKey: UInt16, CaseIterable {
    // LogEvent
    case uuid = 1
    case published, eventType, version, severity, legacyEventType, displayMessage
    case actor, client, device, authenticationContext, outcome, securityContext, debugContext, transaction, request
    case target
    // its members
    case id, type, alternateId, displayName, detailEntry, changeDetails, from, to
    case userAgent, rawUserAgent, os, browser, zone, ipAddress, geographicalContext
    case city, state, country, postalCode, geolocation, lat, lon
    case name, platform, osVersion, managed, osPlatformSnake, osVersionSnake
    case result, reason
    case asNumber, asOrg, isp, domain, ipDetails, ipServiceCategories, risk, level
    case authenticationProvider, credentialProvider, issuer, externalSessionId, rootSessionId
    case debugData, ipChain, ip
    // debugData; the names on the wire, which Okta may change (they are no data contract)
    case requestId, requestUri, url, origin, dtHash, deviceFingerprint, ja3, ja4
    case threatSuspected, behaviors, logOnlySecurityData, tunnels
    case factor, authMethodFirstType, authMethodSecondType, signOnMode
    case privilegeGranted, privilegeRevoked, grantedScopes, requestedScopes
    case methodTypeUsed, factorType
    // a changed profile, a token's details, the transaction's
    case login, email, expires, detail, requestApiTokenId

    var name: String {
        switch self {
        case .osPlatformSnake: "os_platform"
        case .osVersionSnake: "os_version"
        default: "\(self)"
        }
    }

    /// Slots of a table indexed by raw value.
    static let slots = allCases.count + 1
}
