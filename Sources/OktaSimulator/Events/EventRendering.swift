/// Appends the text of an event directly to a page, in the key order of Okta's output.
extension EventGenerator {
    func append(_ index: Int, to out: inout [UInt8]) {
        var plan = plan(index)
        let type = catalog.types[plan.type]
        var requestId: [UInt8] = []
        requestId.appendHex(plan.rolls.next(), digits: 16)
        requestId.appendHex(plan.rolls.next(), digits: 16)

        appendActor(&plan, to: &out)
        if plan.oddity != .clientAbsent { appendClient(&plan, to: &out) }
        appendDevice(&plan, to: &out)
        if plan.oddity != .authenticationAbsent { appendAuthentication(&plan, to: &out) }
        out.append("\"displayMessage\":\"")
        out.append(contentsOf: type.message)
        out.append("\",\"eventType\":\"")
        out.append(contentsOf: type.nameBytes)
        out.append("\",")
        appendOutcome(&plan, to: &out)
        appendPublished(plan, index, to: &out)
        appendSecurity(&plan, to: &out)
        out.append("\"severity\":\"")
        out.append(plan.hostility == .severityUnknown ? "NOTICE" : type.severity)
        out.append("\",")
        appendDebug(&plan, requestId: requestId, to: &out)
        if let legacy = type.legacy {
            out.append("\"legacyEventType\":\"")
            out.append(contentsOf: legacy)
            out.append("\",")
        } else {
            out.append("\"legacyEventType\":null,")
        }
        if plan.oddity != .transactionAbsent {
            out.append(
                plan.isJob
                    ? "\"transaction\":{\"type\":\"JOB\",\"id\":\"" : "\"transaction\":{\"type\":\"WEB\",\"id\":\"")
            out.append(contentsOf: requestId)
            if plan.user % 9 == 0 {
                out.append("\",\"detail\":{\"requestApiTokenId\":\"00T")
                out.appendBase62(plan.rolls.next(), count: 17)
                out.append("\"}},")
            } else {
                out.append("\",\"detail\":{}},")
            }
        }
        if plan.hostility != .uuidAbsent {
            out.append("\"uuid\":\"")
            identity.append(index, to: &out)
            out.append("\",")
        }
        if plan.oddity == .unknownKey {
            out.append("\"orgRegion\":{\"cell\":\"ok14\",\"tags\":[\"a\",null,1.5e3,{}]},")
        }
        out.append(plan.oddity == .versionNumber ? "\"version\":0" : "\"version\":\"0\"")
        appendRequest(&plan, to: &out)
        appendTargets(&plan, type, to: &out)
        out.append(0x7D)
    }

    private func appendName(_ entity: Vocabulary.Entity, _ plan: EventPlan, to out: inout [UInt8]) {
        if plan.oddity == .escapedNames {
            out.appendJSONASCII(entity.plainName)
        } else {
            out.append(contentsOf: entity.name)
        }
    }

    private func appendActor(_ plan: inout EventPlan, to out: inout [UInt8]) {
        if plan.oddity == .actorNull {
            out.append("{\"actor\":null,")
        } else if plan.hostility == .actorText {
            out.append("{\"actor\":\"unknown\",")
        } else if plan.isJob {
            out.append(
                "{\"actor\":{\"id\":\"sprSystem000000000g4\",\"type\":\"SystemPrincipal\",\"alternateId\":\"system@okta.com\""
            )
            out.append(",\"displayName\":\"Okta System\",\"detailEntry\":null},")
        } else {
            let user = words.users[plan.user]
            out.append("{\"actor\":{\"id\":\"")
            out.append(contentsOf: user.id)
            out.append("\",\"type\":\"User\",\"alternateId\":\"")
            out.append(contentsOf: user.alternate)
            out.append("\",\"displayName\":\"")
            appendName(user, plan, to: &out)
            out.append("\",\"detailEntry\":null},")
        }
    }

    func appendAddress(_ plan: inout EventPlan, to out: inout [UInt8]) {
        let roll = Int(plan.rolls.next() >> 33)
        if roll % 20 == 0 {
            out.append("2001:db8:")
            out.appendHex(UInt64(1 + roll % 0xFFFE), digits: 4)
            out.append("::1")
        } else {
            out.append(roll % 3 == 0 ? "192.0.2." : roll % 3 == 1 ? "198.51.100." : "203.0.113.")
            out.appendDecimal(1 + (roll >> 8) % 254)
        }
    }

    private func appendPlace(_ plan: EventPlan, to out: inout [UInt8]) {
        let place = words.places[plan.place]
        out.append("{\"city\":\"")
        out.append(contentsOf: place.city)
        if place.state.isEmpty || plan.oddity == .nullTexts {
            out.append("\",\"state\":null,\"country\":\"")
        } else {
            out.append("\",\"state\":\"")
            out.append(contentsOf: place.state)
            out.append("\",\"country\":\"")
        }
        out.append(contentsOf: place.country)
        if plan.oddity == .postalNumber {
            out.append("\",\"postalCode\":94107,")
        } else {
            out.append("\",\"postalCode\":\"")
            out.append(contentsOf: place.postal)
            out.append("\",")
        }
        out.append("\"geolocation\":{\"lat\":")
        out.append(contentsOf: place.lat)
        out.append(",\"lon\":")
        out.append(contentsOf: place.lon)
        out.append("}}")
    }

    private func appendClient(_ plan: inout EventPlan, to out: inout [UInt8]) {
        if plan.isJob {
            out.append(
                "\"client\":{\"userAgent\":null,\"zone\":null,\"device\":null,\"id\":null,\"ipAddress\":null,\"geographicalContext\":null},"
            )
            return
        }
        let agent = words.agents[plan.agent]
        out.append("\"client\":{\"userAgent\":{\"rawUserAgent\":\"")
        out.append(contentsOf: agent.raw)
        out.append("\",\"os\":\"")
        out.append(contentsOf: agent.os)
        out.append("\",\"browser\":\"")
        out.append(contentsOf: agent.browser)
        let zoneText = plan.oddity == .zoneNullText || plan.user % 3 != 0
        out.append(zoneText ? "\"},\"zone\":\"null\",\"device\":\"" : "\"},\"zone\":\"Corporate\",\"device\":\"")
        out.append(agent.device)
        out.append("\",\"id\":null,\"ipAddress\":")
        if plan.oddity == .unparsableAddress {
            out.append("\"198.51.100.x, unknown\"")
        } else if plan.hostility == .addressList {
            out.append("[\"198.51.100.7\",\"203.0.113.9\"]")
        } else {
            out.append(0x22)
            appendAddress(&plan, to: &out)
            out.append(0x22)
        }
        out.append(",\"geographicalContext\":")
        appendPlace(plan, to: &out)
        out.append("},")
    }

    private func appendDevice(_ plan: inout EventPlan, to out: inout [UInt8]) {
        switch plan.oddity {
        case .deviceSnake:
            out.append(
                "\"device\":{\"id\":\"guo4a5u7JHHhjXrMK0g4\",\"name\":\"LAPTOP-7Q\",\"os_platform\":\"WINDOWS\",\"os_version\":\"10.0.22631\""
            )
            out.append(",\"managed\":true,\"registered\":true,\"device_integrator\":{\"WSC\":{\"antiVirus\":\"GOOD\"}}")
            out.append(
                ",\"disk_encryption_type\":\"ALL_INTERNAL_VOLUMES\",\"screen_lock_type\":\"BIOMETRIC\",\"jailbreak\":null"
            )
            out.append(",\"secure_hardware_present\":true},")
        case .deviceCamel:
            out.append(
                "\"device\":{\"id\":\"guo4a5u7JHHhjXrMK0g5\",\"name\":\"Pixel 8\",\"platform\":\"ANDROID\",\"osVersion\":\"14\",\"managed\":\"false\""
            )
            out.append(
                ",\"registered\":true,\"deviceIntegrator\":\"{\\\"CROWDSTRIKE\\\":{\\\"overall\\\":80}}\",\"diskEncryptionType\":\"FULL\"},"
            )
        default:
            if plan.user % 2 == 0 { out.append("\"device\":null,") }
        }
    }

    private func appendAuthentication(_ plan: inout EventPlan, to out: inout [UInt8]) {
        let named = plan.user % 7 == 0
        out.append("\"authenticationContext\":{\"authenticationProvider\":")
        out.append(named ? "\"OKTA_AUTHENTICATION_PROVIDER\"" : "null")
        out.append(",\"credentialProvider\":")
        out.append(named ? "\"OKTA_CREDENTIAL_PROVIDER\"" : "null")
        out.append(",\"credentialType\":")
        out.append(named ? "\"PASSWORD\"" : "null")
        out.append(",\"issuer\":null,\"interface\":null,\"authenticationStep\":0,\"rootSessionId\":\"")
        if plan.oddity == .nullTexts {
            out.append("unknown\",\"externalSessionId\":\"unknown\"},")
            return
        }
        var session: [UInt8] = Array("idx".utf8)
        session.appendBase62(plan.rolls.next(), count: 19)
        out.append(contentsOf: session)
        out.append("\",\"externalSessionId\":\"")
        out.append(contentsOf: session)
        out.append("\"},")
    }

    private func appendOutcome(_ plan: inout EventPlan, to out: inout [UInt8]) {
        if plan.oddity == .outcomeAbsent { return }
        if plan.oddity == .outcomeNull {
            out.append("\"outcome\":null,")
            return
        }
        out.append("\"outcome\":{\"result\":\"")
        out.append(result(plan))
        out.append("\",\"reason\":")
        if plan.oddity == .longReason {
            out.append(0x22)
            for _ in 0..<20 { out.append("Sign-on policy evaluation resulted in a challenge; ") }
            out.append("\"},")
        } else if plan.failed {
            let reasons: [StaticString] = [
                "\"INVALID_CREDENTIALS\"},", "\"VERIFICATION_ERROR\"},", "\"LOCKED_OUT\"},",
                "\"User rejected Okta push verify\"},",
            ]
            out.append(reasons[plan.rolls.below(reasons.count)])
        } else {
            out.append("null},")
        }
    }

    private func appendPublished(_ plan: EventPlan, _ index: Int, to out: inout [UInt8]) {
        switch plan.hostility {
        case .publishedAbsent: return
        case .publishedImpossible: out.append("\"published\":\"2026-02-30T25:61:00.000Z\",")
        case .publishedSpaced: out.append("\"published\":\"2026-02-03 04:05:06.789\",")
        default:
            out.append("\"published\":\"")
            Instant.append(published(index), to: &out)
            out.append("\",")
        }
    }

    private func appendSecurity(_ plan: inout EventPlan, to out: inout [UInt8]) {
        if plan.oddity == .securityAbsent { return }
        if plan.oddity == .securityNull {
            out.append("\"securityContext\":null,")
        } else if plan.isJob {
            out.append(
                "\"securityContext\":{\"asNumber\":null,\"asOrg\":null,\"isp\":null,\"domain\":null,\"isProxy\":null},")
        } else {
            out.append("\"securityContext\":{\"asNumber\":")
            out.appendDecimal(64_496 + plan.place)
            out.append(
                ",\"asOrg\":\"example transit inc.\",\"isp\":\"example access  gmbh\",\"domain\":\"isp.example\",\"isProxy\":"
            )
            out.append(plan.user % 23 == 0 ? "true" : "false")
            if plan.user % 4 == 0 {
                out.append(
                    ",\"risk\":{\"level\":\"LOW\"},\"userBehaviors\":[{\"id\":\"bhv1\",\"name\":\"New Device\",\"result\":\"NEGATIVE\"}]"
                )
            }
            out.append("},")
        }
    }

    private func appendRequest(_ plan: inout EventPlan, to out: inout [UInt8]) {
        if plan.oddity == .requestAbsent { return }
        if plan.oddity == .requestEmpty {
            out.append(",\"request\":{}")
        } else if plan.isJob {
            out.append(",\"request\":{\"ipChain\":[]}")
        } else if plan.hostility == .chainObject {
            out.append(",\"request\":{\"ipChain\":{\"ip\":\"198.51.100.7\",\"version\":\"V4\"}}")
        } else {
            out.append(",\"request\":{\"ipChain\":[")
            for hop in 0..<(plan.oddity == .hopsInChain ? 4 : 1) {
                out.append(hop == 0 ? "{\"ip\":\"" : ",{\"ip\":\"")
                let start = out.count
                appendAddress(&plan, to: &out)
                let isV6 = out[start...].contains(0x3A)
                out.append("\",\"geographicalContext\":")
                appendPlace(plan, to: &out)
                out.append(isV6 ? ",\"version\":\"V6\",\"source\":null}" : ",\"version\":\"V4\",\"source\":null}")
            }
            out.append("]}")
        }
    }
}
