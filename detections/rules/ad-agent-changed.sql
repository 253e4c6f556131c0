-- An Active Directory agent was added or changed
--
-- An agent was added to an Active Directory integration, its configuration changed, or it came with a wrong
-- credential. A stolen agent token registers an agent that answers sign-ins.
--
-- Follows: Panther, okta_ad_agent_token_abuse: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_ad_agent_token_abuse.yml
-- ATT&CK: T1528 Steal Application Access Token, T1098 Account Manipulation
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, metadata.event_code, actor.user.name AS by_whom, entity.name AS entity, src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code IN ('system.agent.ad.agent_instance_added', 'system.agent.ad.config_change_detected',
                              'system.agent.ad.bad_credentials');
