"""What the invented customers of the sample feed write: English, Polish, Russian and Lithuanian.

Kept apart from make_feed.py so that a native speaker can read and mend the sentences without reading code.
"""

PRAISE = {
    "en": ["Everything is clear, and when I call somebody knows me.", "The transfer was there within a minute.",
           "My adviser told me not to take the loan. I trust them for it.", "Ten years and never a surprise on the statement."],
    "pl": ["Wszystko jasne, a gdy dzwonię, ktoś mnie zna.", "Przelew doszedł w minutę.",
           "Doradczyni odradziła mi kredyt. Za to im ufam.", "Dziesięć lat i ani jednej niespodzianki na wyciągu."],
    "ru": ["Всё понятно, и когда я звоню, меня узнают.", "Перевод дошёл за минуту.",
           "Консультант отговорил меня от кредита. За это и доверяю.", "Десять лет без единого сюрприза в выписке."],
    "lt": ["Viskas aišku, o kai skambinu, mane pažįsta.", "Pervedimas atėjo per minutę.",
           "Konsultantė patarė neimti paskolos. Už tai ja ir pasitikiu.", "Dešimt metų be jokių staigmenų sąskaitos išraše."],
}

MIDDLING = {
    "en": ["It works, nothing more.", "Fine, though I never know whom to ask.", "A little slow, but in the end it was done."],
    "pl": ["Działa i tyle.", "W porządku, choć nigdy nie wiem, kogo pytać.", "Trochę długo, ale w końcu się udało."],
    "ru": ["Работает, и только.", "Нормально, хотя непонятно, к кому обращаться.", "Долговато, но в итоге всё сделали."],
    "lt": ["Veikia, ir tiek.", "Neblogai, tik niekada nežinau, ko klausti.", "Truputį ilgai, bet galiausiai pavyko."],
}

POOR = {
    "en": ["Forty minutes on the phone to be told to visit the branch.", "Every year another adviser, every year the same questions.",
           "I was asked for the same paper three times.", "Nobody called back, although it was promised twice."],
    "pl": ["Czterdzieści minut na telefonie, żeby usłyszeć, że mam przyjść do oddziału.", "Co roku inny doradca i te same pytania.",
           "Trzy razy proszono mnie o ten sam dokument.", "Nikt nie oddzwonił, choć obiecano to dwa razy."],
    "ru": ["Сорок минут на телефоне, чтобы услышать, что надо прийти в отделение.", "Каждый год новый консультант и те же вопросы.",
           "Один и тот же документ просили трижды.", "Никто не перезвонил, хотя обещали дважды."],
    "lt": ["Keturiasdešimt minučių laukiau telefonu, kad išgirsčiau: ateikite į skyrių.", "Kasmet kitas konsultantas ir tie patys klausimai.",
           "To paties dokumento prašė tris kartus.", "Niekas neperskambino, nors žadėjo du kartus."],
}

COLD = {  # mentions a word of the lexicon staff_cold
    "en": ["The man at the desk was rude and did not look up once.", "I was treated as if I was a nuisance.",
           "She did not listen and had my answer ready before I had asked."],
    "pl": ["Pan przy okienku był opryskliwy i ani razu nie podniósł wzroku.", "Potraktowano mnie jak intruza.",
           "Obsługa z łaski, pytać trzeba było trzy razy."],
    "ru": ["Ответили грубо и даже не подняли глаз.", "Сотрудник говорил сквозь зубы.", "Меня никто не слушал, ответ был готов заранее."],
    "lt": ["Darbuotoja buvo nemandagi ir nė karto nepakėlė akių.", "Konsultantas nesiklausė, ko prašau.", "Atsakė šiurkščiai, lyg trukdyčiau."],
}

HIDDEN = {  # mentions a word of the lexicon hidden_conditions
    "en": ["Nobody told me that the card costs money after the first year.", "The bonus hangs on a condition in the small print.",
           "There is a hidden fee for not using it."],
    "pl": ["O tym, że po roku karta kosztuje, napisali drobnym drukiem.", "Ukryta opłata za to, że z karty nie korzystam.",
           "Reklama wprowadziła mnie w błąd, premia zależy od dziesięciu płatności."],
    "ru": ["Никто не предупредил, что через год карта станет платной.", "Про комиссию написано мелким шрифтом.", "Скрытая комиссия за то, что картой не пользуюсь."],
    "lt": ["Niekas neįspėjo, kad po metų kortelė bus mokama.", "Apie mokestį parašyta smulkiu šriftu.", "Paslėptas mokestis už tai, kad kortele nesinaudoju."],
}

COMPLAINTS = {  # by topic
    "transfer": {"en": "My transfer was sent to an old account number.", "pl": "Przelew poszedł na stary numer rachunku.",
                 "ru": "Перевод ушёл на старый номер счёта.", "lt": "Pervedimas nukeliavo į seną sąskaitą."},
    "fees": {"en": "I paid a fee I cannot find in my contract.", "pl": "Zapłaciłem opłatę, której nie ma w mojej umowie.",
             "ru": "С меня взяли комиссию, которой нет в моём договоре.", "lt": "Sumokėjau mokestį, kurio nėra mano sutartyje."},
    "cards": {"en": "My card did not work in the shop and nobody could say why.", "pl": "Karta nie działała w sklepie i nikt nie umiał powiedzieć dlaczego.",
              "ru": "Карта не сработала в магазине, и никто не смог объяснить почему.", "lt": "Kortelė parduotuvėje neveikė ir niekas negalėjo pasakyti kodėl."},
    "loans": {"en": "The monthly payment is not the one we agreed on.", "pl": "Rata jest inna niż ta, na którą się umówiliśmy.",
              "ru": "Ежемесячный платёж не тот, о котором мы договаривались.", "lt": "Mėnesio įmoka ne tokia, dėl kokios susitarėme."},
    "app": {"en": "Since the update I can no longer find my standing orders.", "pl": "Po aktualizacji nie mogę znaleźć zleceń stałych.",
            "ru": "После обновления не могу найти регулярные платежи.", "lt": "Po atnaujinimo nerandu periodinių mokėjimų."},
}

APP = {  # by what the stars say
    "likes": {"en": "Everything on one page at last.", "pl": "Wreszcie wszystko na jednej stronie.", "ru": "Наконец-то всё на одной странице.",
              "lt": "Pagaliau viskas viename puslapyje."},
    "dislikes": {"en": "Where has the big button for transfers gone?", "pl": "Gdzie się podział duży przycisk przelewu?",
                 "ru": "Куда делась большая кнопка перевода?", "lt": "Kur dingo didelis pervedimo mygtukas?"},
}
