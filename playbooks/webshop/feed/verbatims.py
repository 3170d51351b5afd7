"""What the invented customers of the sample feed write: English, Polish, Russian and Lithuanian.

Kept apart from make_feed.py so that a native speaker can read and mend the sentences without reading code.
"""

ORDINARY = {  # messages that no rule listens for
    "en": ["Could you change the delivery address of my order?", "Do you have the shoe in half sizes?",
           "The invoice should be made out to my company, please.", "Thank you for the quick answer yesterday.",
           "How do I return one of two items?"],
    "pl": ["Czy mogę jeszcze zmienić adres dostawy?", "Proszę o fakturę na firmę.", "Kiedy wróci do sprzedaży rozmiar 38?",
           "Dziękuję za szybką odpowiedź.", "Jak zwrócić jedną rzecz z dwóch?"],
    "ru": ["Можно ли изменить адрес доставки?", "Подскажите, когда появится 41-й размер?", "Спасибо за быстрый ответ!",
           "Как вернуть один товар из двух?"],
    "lt": ["Ar dar galiu pakeisti pristatymo adresą?", "Prašau sąskaitos faktūros įmonei.", "Kada vėl turėsite 39 dydį?",
           "Ačiū už greitą atsakymą.", "Kaip grąžinti vieną prekę iš dviejų?"],
}

NOT_RECEIVED = {
    "en": ["The app says delivered, but the parcel never arrived.", "I was at home all day and did not receive anything."],
    "pl": ["W aplikacji jest „doręczono”, a paczka do mnie nie dotarła.", "Byłam cały dzień w domu i nie otrzymałam przesyłki."],
    "ru": ["Написано «доставлено», но мне ничего не привезли.", "Весь день был дома, посылку не получил."],
    "lt": ["Rašoma, kad pristatyta, bet siuntos negavau.", "Visą dieną buvau namie, o siunta neatėjo."],
}

LEFT_OUT = {
    "en": ["The twenty percent are for new customers only? I have been ordering for six years.",
           "My sister got the code and I never got the code. Why not me?"],
    "pl": ["Rabat tylko dla nowych klientów? Kupuję u Państwa od pięciu lat.", "Koleżanka dostała kod, a ja nie dostałam kodu."],
    "ru": ["Скидка только для новых покупателей? А постоянным клиентам ничего?", "Подруга получила промокод, а я не получила код."],
    "lt": ["Nuolaida tik naujiems pirkėjams, o man ne?", "Kaimynė kodą gavo, o aš negavau kodo."],
}

REVIEW_GOOD = {
    "en": ["Exactly as in the picture, lovely packing.", "Fits perfectly and arrived a day early.", "The paper note in the box made me smile."],
    "pl": ["Dokładnie jak na zdjęciu, pięknie zapakowane.", "Pasuje idealnie, polecam.", "Świetna jakość za te pieniądze."],
    "ru": ["Всё как на фото, упаковано с заботой.", "Подошло идеально, рекомендую.", "Отличное качество за эти деньги."],
    "lt": ["Viskas kaip nuotraukoje, gražiai supakuota.", "Tiko puikiai, rekomenduoju.", "Labai gera kokybė už tokią kainą."],
}

REVIEW_BAD = {
    "en": ["The seam opened after two weeks.", "Much thinner than it looked, I am disappointed.", "The colour has nothing to do with the picture."],
    "pl": ["Szew puścił po dwóch tygodniach.", "Dużo cieńsze, niż wyglądało na zdjęciu.", "Kolor zupełnie inny niż na stronie."],
    "ru": ["Шов разошёлся через две недели.", "Намного тоньше, чем казалось на фото.", "Цвет совсем не такой, как на сайте."],
    "lt": ["Siūlė iširo po dviejų savaičių.", "Daug plonesnis, nei atrodė nuotraukoje.", "Spalva visai ne tokia kaip svetainėje."],
}

DANGER = {
    "en": ["After a week the kettle started to smoke. I have thrown it out."],
    "pl": ["Dziecko skaleczyło się o ostrą krawędź.", "Przy drugim użyciu zaczęło się dymić, bałam się pożaru."],
    "ru": ["Ручка нагрелась так, что я обожгла руку."],
    "lt": ["Po pirmos nakties vaiką išbėrė."],
}
