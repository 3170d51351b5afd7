"""What the invented citizens of the sample feed write: English, Polish, Russian and Lithuanian.

Kept apart from make_feed.py so that a native speaker can read and mend the sentences without reading code.
"""

KIND = {  # mentions a word of the lexicon staff_kindness
    "en": [
        "The lady at counter three was so kind and filled in the second page with me.",
        "Patient and friendly, although I came five minutes before closing.",
        "He took the time to explain which form I really needed.",
    ],
    "pl": [
        "Bardzo uprzejma pani przy okienku, wszystko załatwione od ręki.",
        "Urzędnik cierpliwie wytłumaczył mi każdy punkt wniosku.",
        "Życzliwa obsługa, nikt nie dał mi odczuć, że zadaję głupie pytania.",
    ],
    "ru": [
        "Очень вежливая сотрудница, помогла заполнить заявление.",
        "Терпеливо объяснили маме, какие справки нужны и где их взять.",
        "Приветливая девушка у входа сразу подсказала нужное окно.",
    ],
    "lt": [
        "Labai maloni darbuotoja, viską paaiškino paprastai.",
        "Kantriai atsakė į visus mano klausimus.",
        "Paslaugus jaunuolis prie įėjimo padėjo pasiimti bilietėlį.",
    ],
}

CONTENT = {
    "en": ["Ten minutes and I was out again.", "Everything done in one visit.", "The letter said what to bring and that was all it took."],
    "pl": ["Wszystko załatwiłem podczas jednej wizyty.", "Krótka kolejka i jasne oznaczenia.", "Dowód był gotowy dzień wcześniej."],
    "ru": ["Всё сделали за один визит.", "Очередь двигалась быстро.", "Паспорт был готов раньше срока."],
    "lt": ["Viską sutvarkiau per vieną vizitą.", "Eilė judėjo greitai.", "Dokumentas paruoštas diena anksčiau."],
}

DISCONTENT = {  # unhappy, without a word that a lexicon listens for
    "en": ["Third visit for the same certificate.", "I waited forty minutes for a stamp.", "The website sent me to the wrong counter."],
    "pl": ["Trzecia wizyta w tej samej sprawie.", "Czterdzieści minut czekania na jedną pieczątkę.", "Strona internetowa odesłała mnie do innego okienka."],
    "ru": ["Третий визит по одному и тому же вопросу.", "Сорок минут ожидания ради одной печати.", "Сайт направил меня не в то окно."],
    "lt": ["Trečias vizitas dėl tos pačios pažymos.", "Keturiasdešimt minučių laukiau vieno antspaudo.", "Svetainė nukreipė ne prie to langelio."],
}

UNKIND = {  # mentions a word of the lexicon unkindness
    "en": ["The man at the counter did not even look up from his screen."],
    "pl": ["Pani w okienku była opryskliwa, choć grzecznie zapytałem."],
    "ru": ["Разговаривали свысока, будто я пришёл просить милостыню."],
    "lt": ["Nemandagus tonas, lyg būčiau kaltas, kad atėjau."],
}

UNCLEAR = {  # mentions a word of the lexicon officialese
    "en": ["I read the letter three times and still do not understand what I have to do.", "Nobody told me that the form has to be signed twice."],
    "pl": ["Pismo napisane takim urzędowym językiem, że musiała je czytać córka.", "Nikt nie powiedział, że potrzebna jest jeszcze zgoda sąsiadów."],
    "ru": ["Письмо непонятное, пришлось звонить и спрашивать.", "Никто не предупредил, что нужна ещё и копия договора."],
    "lt": ["Perskaičiau raštą du kartus ir nieko nesupratau.", "Niekas nepasakė, kad reikės dar vienos pažymos."],
}

REPORTS = {
    "noise": {
        "en": ["Music from the terrace, windows are shaking."],
        "pl": ["Głośna muzyka, dzieci nie mogą zasnąć."],
        "ru": ["Громкая музыка, невозможно уснуть."],
        "lt": ["Garsi muzika, neįmanoma užmigti."],
    },
    "road": {
        "en": ["A hole in front of the school, cars swerve around it."],
        "pl": ["Dziura w jezdni tuż przed przejściem dla pieszych."],
        "ru": ["Яма на дороге у остановки."],
        "lt": ["Duobė gatvėje prie pat perėjos."],
    },
    "lighting": {
        "en": ["Three lamps in a row are dark."],
        "pl": ["Od tygodnia nie świecą latarnie przy schodach."],
        "ru": ["Не горят фонари возле детского сада."],
        "lt": ["Prie laiptų nedega žibintai."],
    },
    "rubbish": {
        "en": ["The containers have not been emptied since Friday."],
        "pl": ["Kontenery przepełnione od piątku."],
        "ru": ["Мусор не вывозили с пятницы."],
        "lt": ["Konteineriai neištuštinti nuo penktadienio."],
    },
}

PAPERS = {
    "en": ["a copy of your identity document; proof of your address", "the signed tenancy agreement"],
    "pl": ["kopia dowodu osobistego; potwierdzenie adresu zamieszkania", "podpisana umowa najmu"],
    "ru": ["копия удостоверения личности; подтверждение места жительства", "подписанный договор аренды"],
    "lt": ["asmens dokumento kopija; gyvenamosios vietos įrodymas", "pasirašyta nuomos sutartis"],
}
