import CSimdjson

/// What the event says about the source of the request.
struct SourceEndpoint {
    var ip: JSONText?
    /// Whether `ip` is the unchanged text of `client.ipAddress`.
    var isVerbatim = false
    var port: Int?
    var domain: JSONText?
    /// Whether the address is internal or external; nil if that is unknown.
    var scope: NetworkScope?
    /// The address as a number, for comparisons, because the same address can be spelled in several ways.
    var address: IPAddress?

    /// True if there is an address or a domain. OCSF requires one of them, or another attribute that Okta's events never have.
    var isNamed: Bool { ip != nil || domain != nil }

    /// `actor` is given only if the actor is an address.
    init(_ event: LogEvent, _ security: SecurityContext, _ network: MyNetwork, actor: Identity?) {
        if let text = event.known(event.child(event[.client], .ipAddress)), let found = WrittenAddress(text) {
            take(found, network)
            isVerbatim = found.text.count == text.count
        } else if let text = event.known(actor?.id) ?? event.known(actor?.displayName), let found = WrittenAddress(text)
        {
            take(found, network)
        }
        // Okta writes "." if the reverse look-up found nothing.
        if let text = event.known(security.domain), !text.equals(".") {
            domain = text
        } else if let details = security.ipDetails, let text = event.known(event.child(details, .domain)),
            !text.equals(".")
        {
            domain = text
        }
    }

    private mutating func take(_ found: WrittenAddress, _ network: MyNetwork) {
        ip = found.text
        port = found.port
        address = found.address
        scope = network.scope(of: found.address)
    }
}

/// The client's address, and the path in the record at which it was written.
struct ClientAddress {
    var path: StaticString
    var ip: JSONText
}

extension RecordMapping {
    mutating func sourceEndpoint(_ endpoint: SourceEndpoint, _ place: Place) {
        guard endpoint.isNamed else { return }
        writer.put("\"src_endpoint\":{")
        endpointAttributes(endpoint, place)
        writer.endObject()
    }

    /// Writes the attributes that `src_endpoint` and `device` share: the client's address, domain, location and zone.
    mutating func addressAttributes(_ endpoint: SourceEndpoint, _ place: Place) {
        if let ip = endpoint.ip {
            let path = addressPath(place)
            observed("\"ip\":\"", ip, path, .ip)
            client = ClientAddress(path: path, ip: ip)
            if place == .record {
                explain(
                    "src_endpoint.ip",
                    endpoint.isVerbatim
                        ? "client.ipAddress"
                        : "the address in client.ipAddress; if client.ipAddress has none, the address of the actor")
            }
            if endpoint.isVerbatim { event.consume(event.child(event[.client], .ipAddress)) }
            // The enrichment marks the address as internal, so that no consumer looks it up in an external service.
            if endpoint.scope == .internal { enrichments.add(path, ip, .internal) }
        }
        if let domain = endpoint.domain {
            writer.string("\"domain\":\"", domain)
            if event.known(security.domain).map({ !$0.equals(".") }) ?? false {
                event.consume(security.domain)
            } else {
                event.consume(event.child(security.ipDetails, .domain))
            }
        }
        location(event.child(event[.client], .geographicalContext), place)
        let zone = event.child(event[.client], .zone)
        if let name = event.known(zone) {
            writer.string("\"zone\":\"", name)
            event.consume(zone)
        }
    }

    func addressPath(_ place: Place) -> StaticString {
        switch place {
        case .record: "src_endpoint.ip"
        case .evidence: "evidences[0].src_endpoint.ip"
        case .device: "device.ip"
        }
    }

    private mutating func endpointAttributes(_ endpoint: SourceEndpoint, _ place: Place) {
        addressAttributes(endpoint, place)
        if let port = endpoint.port {
            writer.put("\"port\":")
            writer.integer(Int64(port))
            writer.put(",")
        }
        if let scope = endpoint.scope { networkScope(scope) }
        autonomousSystem()
        let newerISP = event.child(security.ipDetails, .isp)
        if let name = event.known(security.isp) {
            writer.string("\"isp\":\"", name)
            event.consume(security.isp)
        } else if let name = event.known(newerISP) {
            writer.string("\"isp\":\"", name)
            event.consume(newerISP)
        }
        clientType()
        let os = event.child(event.child(event[.client], .userAgent), .os)
        if let name = event.known(os) {
            operatingSystem(name, version: nil)
            event.consume(os)
        }
        intermediates(endpoint)
        fingerprints()
    }

    /// Writes `type_id` and `type`, from the kind of device in `client.device`.
    mutating func clientType() { deviceType(event.child(event[.client], .device)) }

    private mutating func deviceType(_ node: JSONNode?) {
        guard let text = event.text(node) else { return }
        var id = 99
        if text.equals("Computer") {
            id = 2
        } else if text.equals("Tablet") {
            id = 4
        } else if text.equals("Mobile") {
            id = 5
        } else if event.known(node) == nil {
            id = 0
        }
        let stands = writer.enumerated("\"type_id\":", "\"type\":\"", id, text, .endpointType)
        if stands { event.consume(node) }
    }

    /// Writes a location. OCSF requires a city, a country, a region or a postal code in it, so a location without any of these is left out.
    /// Impossible coordinates are left out, too.
    private mutating func location(_ place: JSONNode?, _ stands: Place) {
        let city = event.known(event.child(place, .city))
        let country = event.known(event.child(place, .country)).flatMap { CountryCode.lookup($0) }
        let region = event.known(event.child(place, .state))
        let postal = event.child(place, .postalCode)
        let postalCode = event.known(postal) ?? event.number(postal)
        guard city != nil || country != nil || region != nil || postalCode != nil else { return }
        writer.put("\"location\":{")
        if let city {
            writer.string("\"city\":\"", city)
            event.consume(event.child(place, .city))
        }
        if let country {
            let path: StaticString
            switch stands {
            case .record: path = "src_endpoint.location.country"
            case .evidence: path = "evidences[0].src_endpoint.location.country"
            case .device: path = "device.location.country"
            }
            observed("\"country\":\"", country, path, .country)
            event.consume(event.child(place, .country))
        }
        if let region {
            writer.string("\"region\":\"", region)
            event.consume(event.child(place, .state))
        }
        if let postalCode {
            writer.string("\"postal_code\":\"", postalCode)
            event.consume(postal)
        }
        let coordinates = event.child(place, .geolocation)
        let lat = event.child(coordinates, .lat)
        let long = event.child(coordinates, .lon)
        if let north = event.number(lat), let east = event.number(long), isWithin(north, 90), isWithin(east, 180) {
            writer.put("\"lat\":")
            writer.copy(north)
            writer.put(",\"long\":")
            writer.copy(east)
            writer.put(",")
            event.consume(lat)
            event.consume(long)
        }
        writer.endObject()
    }

    /// Whether |number| ≤ limit. False for a number with an exponent.
    private func isWithin(_ number: JSONText, _ limit: Int) -> Bool {
        var whole = 0
        var hasFraction = false
        var index = number.start[0] == UInt8(ascii: "-") ? 1 : 0
        while index < number.count {
            let byte = number.start[index]
            if byte == UInt8(ascii: ".") {
                break
            }
            guard byte &- 0x30 < 10, whole <= limit else { return false }
            whole = whole * 10 + Int(byte &- 0x30)
            index += 1
        }
        while index + 1 < number.count {
            index += 1
            guard number.start[index] &- 0x30 < 10 else { return false }
            if number.start[index] != 0x30 { hasFraction = true }
        }
        return whole < limit || (whole == limit && !hasFraction)
    }

    /// Writes the autonomous system of the address. If the security context does not name it, the one in `ipDetails` is used, which only events of
    /// newer orgs have.
    private mutating func autonomousSystem() {
        var numberNode = security.asNumber
        var nameNode = security.asOrg
        var number = systemNumber(numberNode)
        var name = event.known(nameNode)
        if number == nil, name == nil, let details = security.ipDetails {
            numberNode = event.child(details, .asNumber)
            nameNode = event.child(details, .asOrg)
            number = systemNumber(numberNode)
            name = event.known(nameNode)
        }
        guard number != nil || name != nil else { return }
        writer.put("\"autonomous_system\":{")
        if let number {
            writer.put("\"number\":")
            writer.copy(number)
            writer.put(",")
            event.consume(numberNode)
        }
        if let name {
            writer.string("\"name\":\"", name)
            event.consume(nameNode)
        }
        writer.endObject()
    }

    /// The number of an autonomous system. Nil if the number does not fit into the 31 bits of OCSF's `integer_t`, as is the case for some private AS
    /// numbers. Such a number stays in `unmapped`.
    private func systemNumber(_ node: JSONNode?) -> JSONText? {
        guard let number = event.number(node), number.count <= 10 else { return nil }
        var value = 0
        for index in 0..<number.count {
            guard number.start[index] &- 0x30 < 10 else { return nil }
            value = value * 10 + Int(number.start[index] &- 0x30)
        }
        return value <= Int(Int32.max) ? number : nil
    }

    /// Writes `os`, in which OCSF requires both `name` and `type_id`.
    mutating func operatingSystem(_ name: JSONText, version: JSONText?) {
        writer.put("\"os\":{")
        writer.string("\"name\":\"", name)
        writer.enumerated("\"type_id\":", "\"type\":\"", OperatingSystem.typeID(name), name, .osType)
        if let version { writer.string("\"version\":\"", version) }
        writer.endObject()
    }

    /// Writes the hops between the client and Okta: the chain without the client's own address. If the event has no usable address of the client,
    /// the first hop of the chain counts as the client. The whole chain, with all details of each hop, is also in `unmapped`.
    private mutating func intermediates(_ endpoint: SourceEndpoint) {
        guard let chain = event.child(event[.request], .ipChain), Int(chain.pointee.kind) == TRIBUTARY_JSON_ARRAY else {
            return
        }
        let mark = writer.count
        writer.put("\"intermediate_ips\":[")
        let end = event.nodes + Int(chain.pointee.next)
        var hop = chain + 1
        var isClient = endpoint.address == nil
        while hop < end {
            if !isClient, let ip = event.known(event.child(hop, .ip)), let address = IPAddress(ip),
                address != endpoint.address
            {
                writer.string("\"", ip)
            }
            isClient = false
            hop = event.nodes + Int(hop.pointee.next)
        }
        if writer.isAtOpening { writer.goBack(to: mark) } else { writer.endArray() }
    }

    private mutating func fingerprints() {
        let mark = writer.count
        writer.put("\"fingerprints\":[")
        fingerprint(
            "{\"algorithm_id\":99,\"algorithm\":\"deviceFingerprint\",\"value\":\"", event.debug(.deviceFingerprint))
        fingerprint("{\"algorithm_id\":99,\"algorithm\":\"dtHash\",\"value\":\"", event.debug(.dtHash))
        fingerprint("{\"algorithm_id\":99,\"algorithm\":\"JA3\",\"value\":\"", event.debug(.ja3))
        fingerprint("{\"algorithm_id\":99,\"algorithm\":\"JA4\",\"value\":\"", event.debug(.ja4))
        if writer.isAtOpening { writer.goBack(to: mark) } else { writer.endArray() }
    }

    private mutating func fingerprint(_ opening: StaticString, _ node: JSONNode?) {
        guard let value = event.known(node) else { return }
        writer.string(opening, value)
        writer.endObject()
        event.consume(node)
    }
}

extension JSONText {
    /// `part` must be in lower case.
    func containsIgnoringCase(_ part: StaticString) -> Bool {
        let size = part.utf8CodeUnitCount
        guard size > 0, count >= size else { return false }
        for offset in 0...(count - size) where start[offset] | 0x20 == part.utf8Start[0] {
            if slice(offset..<offset + size).equalsIgnoringCase(part) { return true }
        }
        return false
    }
}
